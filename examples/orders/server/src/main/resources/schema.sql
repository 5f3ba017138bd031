CREATE TABLE orders (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    customer  text NOT NULL,
    status    text NOT NULL DEFAULT 'PLACED',
    placed_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE lines (
    order_id   bigint NOT NULL REFERENCES orders (id),
    sku        text NOT NULL,
    quantity   integer NOT NULL CHECK (quantity > 0),
    unit_cents bigint NOT NULL CHECK (unit_cents >= 0)
);

CREATE INDEX orders_by_customer ON orders (customer, placed_at DESC);
