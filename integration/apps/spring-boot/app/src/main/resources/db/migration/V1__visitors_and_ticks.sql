-- Both PostgreSQL and MySQL know `serial`. Every table has a primary key: a MySQL cluster takes no other.
create table visitors (
    id serial primary key,
    at timestamp not null default current_timestamp
);

create table ticks (
    id serial primary key,
    service varchar(32) not null,
    host varchar(255) not null,
    at timestamp not null default current_timestamp
);

create index ticks_at on ticks (at);
