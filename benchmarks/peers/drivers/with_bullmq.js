// BullMQ on ioredis.
"use strict";

const { Queue, Worker } = require("bullmq");
const Redis = require("ioredis");
const { config, main, record } = require("./protocol.js");

const connection = () => new Redis(config.url, { maxRetriesPerRequest: null });
let queue = null;

main({
  async prepare() {
    queue = new Queue("peers", { connection: connection() });
    await queue.waitUntilReady();
  },
  submit: (job) => queue.add("run", job),
  submitMany: (jobs) => queue.addBulk(jobs.map((data) => ({ name: "run", data }))),
  work({ concurrency }) {
    new Worker("peers", async (job) => record(job.data), { connection: connection(), concurrency });
  },
});
