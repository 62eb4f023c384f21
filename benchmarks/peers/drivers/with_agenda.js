// Agenda on its MongoDB backend.
"use strict";

const { Agenda } = require("agenda");
const { MongoBackend, MongoChangeStreamNotificationChannel, MongoClient } = require("@agendajs/mongo-backend");
const { config, main, record } = require("./protocol.js");

let agenda = null;

async function open() {
  const client = await MongoClient.connect(config.url);
  const db = client.db();
  const notified = config.setting.notify ? { notificationChannel: new MongoChangeStreamNotificationChannel({ db }) } : {};
  agenda = new Agenda({ backend: new MongoBackend({ mongo: db }), ...notified });
  agenda.on("error", (problem) => process.stderr.write(`${problem}\n`));
  await agenda.ready;
}

main({
  prepare: open,
  submit: (job) => agenda.now("run", job),
  async work() {
    await open();
    agenda.define("run", async (job) => record(job.attrs.data));
    await agenda.start();
  },
});
