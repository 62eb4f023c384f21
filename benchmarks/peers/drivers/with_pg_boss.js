// pg-boss: the handler gets, and finishes, a whole batch at once.
"use strict";

const { PgBoss } = require("pg-boss");
const { config, main, record } = require("./protocol.js");

let boss = null;

async function start() {
  boss = new PgBoss({ connectionString: config.url, useListenNotify: Boolean(config.setting.notify) });
  boss.on("error", (problem) => process.stderr.write(`${problem}\n`));
  await boss.start();
  await boss.createQueue("peers", { notify: Boolean(config.setting.notify) });
}

main({
  prepare: start,
  submit: (job) => boss.send("peers", job),
  submitMany: (jobs) => boss.insert("peers", jobs.map((data) => ({ data }))),
  async work({ batch }) {
    await start();
    const options = { batchSize: batch, burstWhenBatchFull: batch > 1 };
    await boss.work("peers", options, async (jobs) => jobs.forEach((job) => record(job.data)));
  },
});
