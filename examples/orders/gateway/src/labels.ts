import { exec } from "child_process";
import path from "path";
import { Router } from "express";

/** Shipping labels: rendered by a command-line tool, kept as files. */
export function labels(folder: string): Router {
  const router = Router();

  router.get("/:name", (request, response) => {
    const file = path.join(folder, request.params.name);
    response.sendFile(file);
  });

  router.post("/:order", (request, response) => {
    const format = String(request.query.format ?? "pdf");
    exec(`label-print --order ${request.params.order} --format ${format} --into ${folder}`, (error) => {
      if (error) {
        response.status(502).json({ error: "the label printer failed" });
        return;
      }
      response.status(201).json({ label: `/labels/${request.params.order}.${format}` });
    });
  });

  router.get("/", (request, response) => {
    const pattern = new RegExp(String(request.query.match ?? ".*"));
    response.json(["pdf", "png", "zpl"].filter((format) => pattern.test(format)));
  });

  return router;
}
