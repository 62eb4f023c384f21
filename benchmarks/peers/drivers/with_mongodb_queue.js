// mongodb-queue on the MongoDB driver 3 that it needs. It has no worker of its own: the loop here polls when idle.
"use strict";

const { promisify } = require("node:util");
const { MongoClient } = require("mongodb3");
const mongodbQueue = require("mongodb-queue");
const { config, main, record, sleep } = require("./protocol.js");

const IDLE = 50;
let queue = null;

async function open() {
  const client = await MongoClient.connect(config.url, { useNewUrlParser: true, useUnifiedTopology: true });
  queue = mongodbQueue(client.db(), "peers");
  await promisify(queue.createIndexes.bind(queue))();
}

const add = (payload) => promisify(queue.add.bind(queue))(payload);

async function loop() {
  const get = promisify(queue.get.bind(queue));
  const ack = promisify(queue.ack.bind(queue));
  for (;;) {
    const message = await get();
    if (!message) {
      await sleep(IDLE);
      continue;
    }
    record(message.payload);
    await ack(message.ack);
  }
}

main({
  prepare: open,
  submit: add,
  submitMany: add,
  async work({ loops }) {
    await open();
    await Promise.all(Array.from({ length: loops }, loop));
  },
});
