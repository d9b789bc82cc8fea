// SPDX-License-Identifier: Apache-2.0
// What every chain script needs: paths, JSON-RPC in batches, contracts, accounts.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { HDNodeWallet, Mnemonic, ethers } from 'ethers';

const require = createRequire(import.meta.url);
export const here = path.dirname(fileURLToPath(import.meta.url));
export const stateDir = process.env.CHAIN_STATE_DIR || path.resolve(here, '../../build/chain');
export const DEAD = '0x000000000000000000000000000000000000dEaD';
export const LOCKER = '0x663A5C229c09b049E36dCc11a9B0d4a8Eb9db214'; // UNCX, in FEATURES.md
export const GAS_PRICE = 2_000_000_000n;

// The well-known development mnemonic: these keys guard nothing.
const MNEMONIC = 'test test test test test test test test test test test junk';
export const ACCOUNTS = 40;

export function readState(name) {
  return JSON.parse(readFileSync(path.join(stateDir, name), 'utf8'));
}

// A reader never sees half a file: write beside it, then rename.
export function writeState(name, value) {
  mkdirSync(stateDir, { recursive: true });
  const file = path.join(stateDir, name);
  writeFileSync(`${file}.new`, `${JSON.stringify(value, null, 2)}\n`);
  renameSync(`${file}.new`, file);
}

export class Rpc {
  constructor(url) {
    this.url = new URL(url);
    this.agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    this.id = 0;
  }

  post(body) {
    return new Promise((resolve, reject) => {
      const options = { method: 'POST', agent: this.agent, timeout: 60_000,
                        headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) } };
      const request = http.request(this.url, options, (response) => {
        const parts = [];
        response.on('data', (part) => parts.push(part));
        response.on('end', () => resolve(Buffer.concat(parts).toString('utf8')));
        response.on('error', reject);
      });
      request.on('timeout', () => request.destroy(new Error('the node did not answer within 60 s')));
      request.on('error', reject);
      request.end(body);
    });
  }

  async batch(calls) {
    if (calls.length === 0) return [];
    const first = this.id + 1;
    const body = calls.map(([method, params]) => ({ jsonrpc: '2.0', id: ++this.id, method, params }));
    const answers = JSON.parse(await this.post(JSON.stringify(body)));
    if (!Array.isArray(answers)) throw new Error(`batch refused: ${JSON.stringify(answers)}`);
    const out = new Array(calls.length);
    for (const answer of answers) {
      const at = answer.id - first;
      if (answer.error) throw new Error(`${calls[at][0]}: ${JSON.stringify(answer.error)}`);
      out[at] = answer.result;
    }
    return out;
  }

  async call(method, ...params) {
    return (await this.batch([[method, params]]))[0];
  }
}

function artifact(module) {
  const json = require(module);
  const code = json.bytecode || json.evm.bytecode.object;
  return { abi: json.abi, bytecode: code.startsWith('0x') ? code : `0x${code}` };
}

export const contracts = {
  factory: artifact('@uniswap/v2-core/build/UniswapV2Factory.json'),
  pair: artifact('@uniswap/v2-core/build/UniswapV2Pair.json'),
  router: artifact('@uniswap/v2-periphery/build/UniswapV2Router02.json'),
  weth: artifact('@uniswap/v2-periphery/build/WETH9.json'),
};

export const abi = {
  factory: new ethers.Interface(contracts.factory.abi),
  pair: new ethers.Interface(contracts.pair.abi),
  router: new ethers.Interface(contracts.router.abi),
};

// The compiler takes seconds to load, so its output is kept under the digest of the source.
export function tokenArtifact() {
  const source = readFileSync(path.join(here, 'contracts/MarketToken.sol'), 'utf8');
  const digest = createHash('sha256').update(source).digest('hex').slice(0, 16);
  const kept = `token-${digest}.json`;
  if (existsSync(path.join(stateDir, kept))) return readState(kept);
  const solc = require('solc');
  const input = { language: 'Solidity', sources: { 'MarketToken.sol': { content: source } },
                  settings: { evmVersion: 'paris', optimizer: { enabled: true, runs: 200 },
                              outputSelection: { '*': { '*': ['abi', 'evm.bytecode.object'] } } } };
  const output = JSON.parse(solc.compile(JSON.stringify(input)));
  const bad = (output.errors || []).filter((e) => e.severity === 'error');
  if (bad.length > 0) throw new Error(bad.map((e) => e.formattedMessage).join('\n'));
  const made = output.contracts['MarketToken.sol'].MarketToken;
  const result = { abi: made.abi, bytecode: `0x${made.evm.bytecode.object}` };
  writeState(kept, result);
  return result;
}

// Signs with nonces counted here, so that a block of transactions needs no question to the node.
export class Actors {
  constructor(rpc, chainId) {
    this.rpc = rpc;
    this.chainId = chainId;
    const root = HDNodeWallet.fromMnemonic(Mnemonic.fromPhrase(MNEMONIC), "m/44'/60'/0'/0");
    this.wallets = Array.from({ length: ACCOUNTS }, (_, i) => root.deriveChild(i));
    this.addresses = this.wallets.map((w) => w.address);
  }

  async sync() {
    const counts = await this.rpc.batch(this.addresses.map((a) => ['eth_getTransactionCount', [a, 'latest']]));
    this.nonces = counts.map(Number);
  }

  sign(actor, to, data, value = 0n, gasLimit = 400_000n) {
    const wallet = this.wallets[actor];
    const tx = ethers.Transaction.from({ type: 0, chainId: this.chainId, nonce: this.nonces[actor]++, to, data,
                                         value, gasLimit, gasPrice: GAS_PRICE });
    tx.signature = wallet.signingKey.sign(tx.unsignedHash);
    return tx.serialized;
  }

  deploy(actor, { abi: contractAbi, bytecode }, args) {
    const address = ethers.getCreateAddress({ from: this.addresses[actor], nonce: this.nonces[actor] });
    const data = bytecode + new ethers.Interface(contractAbi).encodeDeploy(args).slice(2);
    return { address, raw: this.sign(actor, null, data, 0n, 8_000_000n) };
  }
}

// One block: these transactions in this order, at this time. One request a block: inside a request
// the node keeps the order of a block's calls, but it may mix the calls of several blocks.
export async function mine(rpc, raws, timestamp) {
  const send = raws.map((raw) => ['eth_sendRawTransaction', [raw]]);
  await rpc.batch([...send, ['evm_setNextBlockTimestamp', [timestamp]], ['evm_mine', []]]);
}

// Each block must hold just the transactions meant for it, and all must have worked: a silent
// revert would skew the market. mined: [[block, transactions]].
export async function checkReceipts(rpc, mined) {
  for (let at = 0; at < mined.length; at += 200) {
    const some = mined.slice(at, at + 200);
    const answers = await rpc.batch(some.map(([block]) => ['eth_getBlockReceipts', [ethers.toQuantity(block)]]));
    answers.forEach((receipts, i) => {
      const [block, count] = some[i];
      const failed = receipts.find((r) => r.status !== '0x1');
      if (failed) throw new Error(`block ${block}: transaction ${failed.transactionHash} reverted`);
      if (receipts.length !== count) throw new Error(`block ${block}: ${receipts.length} transactions instead of ${count}`);
    });
  }
}
