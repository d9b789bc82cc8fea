// SPDX-License-Identifier: Apache-2.0
// Succeeds when the node at this URL is the one of chain.json and its market is still before the rugs.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { Rpc, readState, stateDir } from './lib.mjs';

const has = (name) => existsSync(path.join(stateDir, name));

async function reusable(url) {
  if (!has('chain.json')) return false;
  const chain = readState('chain.json');
  if (chain.rpc !== url) return false;
  const rpc = new Rpc(url);
  try {
    const [first, code, head] = await rpc.batch([['eth_getBlockByNumber', ['0x0', false]], ['eth_getCode', [chain.factory, 'latest']],
                                                 ['eth_blockNumber', []]]);
    if (Number(first.timestamp) !== chain.genesis || code === '0x') return false;
    if (!has('market.json')) return Number(head) === chain.factoryBlock;
    const market = readState('market.json');
    return market.phase === 'before-rug' && market.head === Number(head);
  } catch {
    return false; // nobody answers there: start one
  } finally {
    rpc.agent.destroy();
  }
}

process.exitCode = (await reusable(process.argv[2])) ? 0 : 1;
