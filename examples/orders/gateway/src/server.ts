import cookieParser from "cookie-parser";
import cors from "cors";
import express, { NextFunction, Request, Response } from "express";

import { Orders } from "./orders";
import { labels } from "./labels";
import { readSession, startSession } from "./session";
import { merged } from "./settings";

const settings = merged(process.env.GATEWAY_SETTINGS);
const orders = new Orders(settings.server);
const app = express();

app.use(cors({ origin: "*" }));
app.use(cookieParser());
app.use(express.json({ limit: "100kb" }));

app.get("/health", (_request, response) => {
  response.json({ status: "up" });
});

app.post("/session", (request, response) => {
  const session = startSession(String(request.body.customer));
  response.cookie("session", session, { httpOnly: true });
  response.redirect(String(request.query.next ?? "/"));
});

app.use("/orders", (request: Request, response: Response, next: NextFunction) => {
  const customer = readSession(request.cookies.session);
  if (customer === undefined) {
    response.status(401).json({ error: "sign in first" });
    return;
  }
  response.locals.customer = customer;
  next();
});

app.get("/orders", async (_request, response, next) => {
  try {
    response.json(await orders.of(response.locals.customer));
  } catch (error) {
    next(error);
  }
});

app.get("/orders/:id", async (request, response, next) => {
  try {
    response.json(await orders.byId(request.params.id));
  } catch (error) {
    next(error);
  }
});

app.use("/labels", labels(settings.labels));

app.listen(settings.port, () => {
  console.log(`gateway listens on ${settings.port}, server at ${settings.server}`);
});
