#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
// Trades a deterministic market on the node of chain.json. Commands: see usage() below and README.md.
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { ethers } from 'ethers';
import { Rpc, abi, checkReceipts, readState, stateDir, writeState } from './lib.mjs';
import { TOKENS, afterPlan, generator, tokenPlan } from './plan.mjs';
import { Market } from './trader.mjs';

function usage() {
  console.error(`usage: market.mjs COMMAND
  run --seed N [--until before-rug|end] [--now UNIX] [--confirmations N]
                             trade from the start to the common moment before all rugs, or to the end
  continue                   from before the rugs to the end
  trade --blocks N           trade the living tokens in N more blocks
  reorg --depth N            replace the last N blocks by empty ones and add one
  hash                       print a digest of every pool log and state
  show                       print market.json`);
  process.exit(2);
}

function options(args, allowed) {
  const out = {};
  for (let i = 0; i < args.length; i += 2) {
    const name = args[i].replace(/^--/, '');
    if (!allowed.includes(name) || args[i + 1] === undefined) usage();
    out[name] = args[i + 1];
  }
  return out;
}

function natural(text, name, high) {
  const n = Number(text);
  if (!/^\d+$/.test(text) || n > high) throw new Error(`--${name}: a whole number up to ${high} is needed, not "${text}"`);
  return n;
}

// Events of all tokens as one list of blocks {at, steps}, in order of time.
function timeline(events) {
  const sorted = events.map((event, i) => ({ event, i })).sort((a, b) => a.event.at - b.event.at || a.i - b.i);
  const blocks = [];
  for (const { event } of sorted) {
    const last = blocks.at(-1);
    if (last && last.at === event.at) last.steps.push(event);
    else blocks.push({ at: event.at, steps: [event] });
  }
  return blocks;
}

function history(seed) {
  const events = [];
  TOKENS.forEach((token, index) => {
    const plan = tokenPlan(seed, index);
    const created = -Math.round(plan.age);
    events.push({ at: created, index, type: 'create', plan });
    if (token.lp) events.push({ at: created + 600, index, type: 'lp', how: token.lp });
    for (const step of plan.events) events.push({ ...step, at: Math.min(-1, Math.max(created + 1, -Math.round(step.before))), index });
  });
  return timeline(events);
}

async function play(market, blocks, base) {
  for (const block of blocks) {
    await market.mine(block.steps.flatMap((step) => market.transactions(step)), base + block.at);
    for (const step of block.steps) market.note(step);
  }
}

async function run(market, args) {
  const seed = natural(args.seed ?? '1', 'seed', 0xffffffff);
  const until = args.until ?? 'end';
  if (until !== 'before-rug' && until !== 'end') usage();
  if (existsSync(path.join(stateDir, 'market.json'))) {
    const state = readState('market.json');
    if (state.seed !== seed) throw new Error(`a market of seed ${state.seed} is there already: run e2e/chain/up first`);
    console.log(`market: seed ${seed}, ${state.phase} already, head ${state.head}`);
    market.state = state;
    if (until === 'end' && state.phase === 'before-rug') await proceed(market);
    return;
  }
  if (market.head !== market.chain.factoryBlock) throw new Error('the chain has been traded on already: run e2e/chain/up first');
  const now = args.now ? natural(args.now, 'now', 1e10) : Math.floor(Date.now() / 1000) + 5;
  const plans = TOKENS.map((_, index) => tokenPlan(seed, index));
  const first = now - Math.round(Math.max(...plans.map((p) => p.age))) - 600;
  await market.mine(market.launch(plans), first);
  await play(market, history(seed), now);
  // One empty block at the common moment: the last before every rug. More confirm it for careful readers.
  await market.mine([], now);
  const before = { block: market.head, timestamp: now };
  const confirmations = natural(args.confirmations ?? '0', 'confirmations', 256);
  for (let i = 1; i <= confirmations; i++) await market.mine([], now + i);
  market.state = { seed, phase: 'before-rug', before, tokens: market.describe() };
  market.beforeRugs(market.head);
  await finish(market);
  if (until === 'end') await proceed(market);
}

async function proceed(market) {
  const { state } = market;
  if (!state || state.phase !== 'before-rug') throw new Error('nothing to continue: the market is not at before-rug');
  const latest = Number((await market.rpc.call('eth_getBlockByNumber', 'latest', false)).timestamp);
  const blocks = timeline(afterPlan(state.seed));
  const base = Math.max(latest, Math.floor(Date.now() / 1000) - blocks.at(-1).at);
  await market.load(state);
  market.beforeRugs(market.head);
  await play(market, blocks, base);
  for (const token of state.tokens) if (token.rugged) token.rug_block = market.rugBlocks[token.symbol];
  state.phase = 'end';
  await finish(market);
}

async function trade(market, args) {
  const n = natural(args.blocks ?? '1', 'blocks', 100000);
  const { state } = market;
  if (!state) throw new Error('no market yet: market.mjs run first');
  const latest = Number((await market.rpc.call('eth_getBlockByNumber', 'latest', false)).timestamp);
  await market.load(state);
  const living = TOKENS.map((_, i) => i).filter((i) => !TOKENS[i].rug);
  const now = Math.floor(Date.now() / 1000);
  let at = latest;
  for (let i = 0; i < n; i++) {
    // The block number seeds the choice, so the same chain always goes on in the same way.
    const random = generator(state.seed * 4001 + market.head);
    const steps = Array.from({ length: 1 + Math.floor(3 * random()) }, () => ({
      index: living[Math.floor(random() * living.length)], type: random() < 0.5 ? 'buy' : 'sell',
      share: 0.01 + 0.05 * random(), actor: random() }));
    at = Math.max(at + 1, now - (n - i));
    await play(market, [{ at: 0, steps }], at);
  }
  await finish(market);
}

async function finish(market) {
  await market.settle();
  await checkReceipts(market.rpc, market.mined);
  market.state.head = market.head;
  writeState('market.json', market.state);
  const { phase, before } = market.state;
  console.log(`market: seed ${market.state.seed}, ${phase}, head ${market.head}, before-rug block ${before.block}`);
}

async function reorg(market, args) {
  const depth = natural(args.depth ?? '5', 'depth', 128);
  const block = async (n) => market.rpc.call('eth_getBlockByNumber', ethers.toQuantity(n), false);
  const old = await block(market.head);
  await market.rpc.call('anvil_reorg', depth, []);
  await market.rpc.call('anvil_dropAllTransactions');
  const head = Number(await market.rpc.call('eth_blockNumber'));
  const fresh = await block(head);
  // One block more, so that a reader who has come to the new head must have seen the change.
  await market.mine([], Number(fresh.timestamp) + 1);
  await market.settle();
  market.state.head = market.head;
  writeState('market.json', market.state);
  if (fresh.hash === old.hash) throw new Error('the node kept the old head');
  console.log(`market: reorganised ${depth} blocks, block ${head} is ${fresh.hash} (was ${old.hash}), head ${market.head}`);
}

async function hash(market) {
  const { state, rpc } = market;
  const digest = createHash('sha256');
  const filter = { address: state.tokens.map((t) => t.pool), fromBlock: '0x0', toBlock: 'latest' };
  const logs = await rpc.call('eth_getLogs', filter);
  const numbers = [...new Set(logs.map((log) => log.blockNumber))];
  const heads = await rpc.batch(numbers.map((n) => ['eth_getBlockByNumber', [n, false]]));
  const time = new Map(heads.map((h) => [h.number, Number(h.timestamp) - state.before.timestamp]));
  for (const log of logs) {
    // Times after the common moment follow the clock of whoever ran it, so only those before it count.
    const when = Number(log.blockNumber) <= state.before.block ? time.get(log.blockNumber) : 'after';
    digest.update(`${Number(log.blockNumber)} ${Number(log.logIndex)} ${when} ${log.address} ${log.topics} ${log.data}\n`);
  }
  const reserves = await rpc.batch(state.tokens.map((t) => ['eth_call', [{ to: t.pool, data: abi.pair.encodeFunctionData('getReserves') }, 'latest']]));
  reserves.forEach((r) => digest.update(`${r.slice(0, 130)}\n`)); // without the time of the last change
  console.log(`${digest.digest('hex')} ${logs.length} logs`);
}

const [command, ...rest] = process.argv.slice(2);
const commands = { run: [run, ['seed', 'until', 'now', 'confirmations']], continue: [proceed, []], trade: [trade, ['blocks']],
                   reorg: [reorg, ['depth']], hash: [hash, []] };
try {
  if (command === 'show') {
    console.log(JSON.stringify(readState('market.json'), null, 2));
  } else if (commands[command]) {
    const args = options(rest, commands[command][1]);
    const chain = readState('chain.json');
    const market = new Market(new Rpc(process.env.CHAIN_RPC || chain.rpc), chain);
    await market.open(command !== 'run');
    await commands[command][0](market, args);
    market.rpc.agent.destroy();
  } else {
    usage();
  }
} catch (error) {
  console.error(`market: ${error.message}`);
  process.exitCode = 1;
}
