CREATE TABLE visitors (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE ticks (
    service text NOT NULL,
    host text NOT NULL,
    at timestamptz NOT NULL DEFAULT now()
);
