// What each driver of a peer on Node.js does alike; protocol.py says what the parts and the records are.
"use strict";

const fs = require("node:fs");
const { createInterface } = require("node:readline");
const { setTimeout: sleep } = require("node:timers/promises");

const PAUSE = 20;
const POLL = 1;
const FIRST_PATIENCE = 20;
const RECORD_SIZE = 24;

const config = JSON.parse(process.env.PEERS_CONFIG);
let file = null;

function monotonic() {
  return Number(process.hrtime.bigint());
}

function record({ number, at }) {
  file ??= fs.openSync(config.record, "a");
  const line = Buffer.alloc(RECORD_SIZE);
  [number, at, monotonic()].forEach((value, index) => line.writeBigInt64LE(BigInt(value), index * 8));
  fs.writeSync(file, line);
}

function job(number) {
  return { number, at: monotonic() };
}

async function prepare(peer) {
  await peer.prepare();
  return {};
}

async function single(peer) {
  await peer.prepare();
  await peer.submit(job(-1));
  const began = monotonic();
  const end = began + config.seconds * 1e9;
  let count = 0;
  while (count < config.jobs && monotonic() < end) {
    await peer.submit(job(count));
    count += 1;
  }
  return { jobs: count, seconds: (monotonic() - began) / 1e9, batches: false };
}

async function fill(peer) {
  await peer.prepare();
  const batch = peer.submitMany ? config.batch : 1;
  const began = monotonic();
  const end = began + config.seconds * 1e9;
  let count = 0;
  while (count < config.jobs && monotonic() < end) {
    const jobs = Array.from({ length: batch }, (_, index) => job(count + index));
    await (peer.submitMany ? peer.submitMany(jobs) : peer.submit(jobs[0]));
    count += batch;
  }
  return { jobs: count, seconds: (monotonic() - began) / 1e9, batches: batch > 1 };
}

async function sample(peer, number, patience) {
  const deadline = monotonic() + patience * 1e9;
  await peer.submit(job(number));
  while (fs.statSync(config.record).size < (number + 1) * RECORD_SIZE) {
    if (monotonic() > deadline) return false;
    await sleep(POLL);
  }
  return true;
}

async function pickup(peer) {
  await peer.prepare();
  await sample(peer, 0, FIRST_PATIENCE);
  const end = monotonic() + config.seconds * 1e9;
  for (let number = 1; number < config.jobs && monotonic() < end; number += 1) {
    if (!(await sample(peer, number, (end - monotonic()) / 1e9))) break;
    await sleep(PAUSE);
  }
  return {};
}

function release() {
  return new Promise((resolve) => createInterface({ input: process.stdin }).once("line", resolve));
}

async function main(peer) {
  if (config.role === "work") {
    process.stdout.write("ready\n");
    await release();
    await peer.work(config.setting);
    return;
  }
  const answer = await { prepare, single, fill, pickup }[config.role](peer);
  fs.writeSync(1, JSON.stringify(answer) + "\n");
  process.exit(0);
}

module.exports = { config, main, record, sleep };
