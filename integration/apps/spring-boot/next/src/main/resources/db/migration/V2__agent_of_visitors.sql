alter table visitors add column agent varchar(255);
