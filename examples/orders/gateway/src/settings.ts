import _ from "lodash";

export interface Settings {
  port: number;
  server: string;
  labels: string;
}

const DEFAULTS: Settings = {
  port: Number(process.env.PORT ?? 3000),
  server: process.env.ORDERS_URL ?? "http://localhost:8080",
  labels: "/var/lib/gateway/labels",
};

/** The defaults, with what the deployment's JSON says on top. */
export function merged(json: string | undefined): Settings {
  return _.merge({}, DEFAULTS, json ? JSON.parse(json) : {});
}
