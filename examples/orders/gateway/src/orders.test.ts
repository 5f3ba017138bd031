import assert from "node:assert/strict";
import test from "node:test";

import { total } from "./orders";
import { merged } from "./settings";

test("an order's total is the sum of its lines", () => {
  const lines = [
    { sku: "tea", quantity: 2, unitCents: 450 },
    { sku: "cup", quantity: 1, unitCents: 1200 },
  ];
  assert.equal(total({ lines }), 2100);
});

test("the deployment's settings win over the defaults", () => {
  assert.equal(merged('{"port": 9000}').port, 9000);
});
