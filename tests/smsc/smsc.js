// A short message service centre (SMPP 3.4) for tests: node smsc.js PORT RECORD DROP_EVERY RECEIPT_MS, prints "ready".
// Every message is written to RECORD, number and text, before it is answered, so what stands there has arrived. Numbers that end in 09 or 59
// are not delivered, those that end in 00 answer STOP. With DROP_EVERY = n the connection ends instead of each nth answer.
"use strict";
const { appendFileSync } = require("node:fs");
const { createRequire } = require("node:module");
const smpp = createRequire(`${process.env.NODE_PATH}/`)("smpp");

const [port, record, dropEvery, receiptMs] = process.argv.slice(2);
let number = 0;

function receipt(id, to) {
  const state = /[05]9$/.test(to) ? "UNDELIV" : "DELIVRD";
  return `id:${id} sub:001 dlvrd:001 submit date:2612010000 done date:2612010001 stat:${state} err:000 text:`;
}

function taken(session, pdu) {
  number += 1;
  const id = `m${number}`;
  const back = { source_addr: pdu.destination_addr, destination_addr: pdu.source_addr };
  const text = pdu.short_message.message ?? "";
  appendFileSync(record, `${pdu.destination_addr}\t${text.replaceAll("\n", " ")}\n`);
  if (Number(dropEvery) && number % Number(dropEvery) === 0) {
    session.close();
    return;
  }
  session.send(pdu.response({ message_id: id }));
  setTimeout(() => {
    if (pdu.registered_delivery) session.deliver_sm({ ...back, esm_class: 4, short_message: receipt(id, pdu.destination_addr) });
    if (pdu.destination_addr.endsWith("00") && !text.startsWith("You will")) session.deliver_sm({ ...back, short_message: "STOP" });
  }, Number(receiptMs));
}

function opened(session) {
  session.on("error", () => {});
  for (const bind of ["bind_transceiver", "bind_transmitter", "bind_receiver"]) {
    session.on(bind, (pdu) => session.send(pdu.response(pdu.password === "b" ? { system_id: "TEST" } : { command_status: smpp.ESME_RBINDFAIL })));
  }
  session.on("submit_sm", (pdu) => taken(session, pdu));
  session.on("enquire_link", (pdu) => session.send(pdu.response()));
  session.on("unbind", (pdu) => {
    session.send(pdu.response());
    session.close();
  });
}

smpp.createServer({}, opened).listen(Number(port), "127.0.0.1", () => console.log("ready"));
