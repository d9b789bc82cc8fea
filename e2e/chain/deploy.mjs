// SPDX-License-Identifier: Apache-2.0
// Deploys WETH9, the Uniswap V2 factory and router on a fresh node and writes chain.json.
import { Actors, Rpc, checkReceipts, contracts, mine, tokenArtifact, writeState } from './lib.mjs';

// usage: deploy.mjs RPC-URL PID GENESIS; waits for the node, and gives up when its process is gone.
const [url, pid, wanted] = process.argv.slice(2);
process.on('uncaughtException', (error) => {
  console.error(`chain: ${error.message}`);
  process.exit(1);
});
const rpc = new Rpc(url);
const chainId = Number(await answered());
const genesis = Number((await rpc.call('eth_getBlockByNumber', '0x0', false)).timestamp);
if (genesis !== Number(wanted)) throw new Error(`another node answers at ${url}; ANVIL_PORT chooses another port`);

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
rpc.agent.destroy();

async function answered() {
  for (;;) {
    try {
      return await rpc.call('eth_chainId');
    } catch (error) {
      if (error.code !== 'ECONNREFUSED' && error.code !== 'ECONNRESET') throw error;
    }
    process.kill(Number(pid), 0); // throws when there is no such process
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
