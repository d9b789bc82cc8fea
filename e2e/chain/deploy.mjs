// SPDX-License-Identifier: Apache-2.0
// Deploys WETH9, the Uniswap V2 factory and router on a fresh node and writes chain.json.
import { Actors, Rpc, checkReceipts, contracts, mine, tokenArtifact, writeState } from './lib.mjs';

const url = process.argv[2];
if (!url) throw new Error('usage: deploy.mjs RPC-URL');
const rpc = new Rpc(url);
const chainId = Number(await rpc.call('eth_chainId'));
const genesis = Number((await rpc.call('eth_getBlockByNumber', '0x0', false)).timestamp);
if (Number(await rpc.call('eth_blockNumber')) !== 0) throw new Error('the node is not fresh: stop it with e2e/chain/down');

await rpc.call('evm_setAutomine', false);
const actors = new Actors(rpc, chainId);
await actors.sync();
const weth = actors.deploy(0, contracts.weth, []);
const factory = actors.deploy(0, contracts.factory, [actors.addresses[0]]);
const router = actors.deploy(0, contracts.router, [factory.address, weth.address]);
await mine(rpc, [weth.raw, factory.raw, router.raw], genesis + 1);
await checkReceipts(rpc, [[1, 3]]);
tokenArtifact(); // compiled here so that the market starts without the compiler

writeState('chain.json', { rpc: url, chainId, genesis, factory: factory.address, factoryBlock: 1, router: router.address,
                           weth: weth.address, accounts: actors.addresses });
