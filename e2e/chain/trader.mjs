// SPDX-License-Identifier: Apache-2.0
// Turns the steps of a plan into signed transactions, keeping reserves and holdings in exact integers.
import { ethers } from 'ethers';
import { Actors, DEAD, LOCKER, abi, contracts, mine, readState, tokenArtifact } from './lib.mjs';
import { TOKENS } from './plan.mjs';

const MAX = ethers.MaxUint256;
const PROVIDERS = [11, 12, 13];
const TRADERS = Array.from({ length: 26 }, (_, i) => 14 + i);
const PAIR_CODE = ethers.keccak256(contracts.pair.bytecode);

const toWei = (weth) => BigInt(Math.round(weth * 1e9)) * 10n ** 9n;
const part = (amount, share) => (amount * BigInt(Math.round(share * 1e9))) / 10n ** 9n;

function root(n) {
  if (n < 2n) return n;
  let x = BigInt(Math.floor(Math.sqrt(Number(n))));
  for (;;) {
    const y = (x + n / x) / 2n;
    if (y === x || y === x + 1n || y === x - 1n) { x = y; break; }
    x = y;
  }
  while (x * x > n) x -= 1n;
  while ((x + 1n) * (x + 1n) <= n) x += 1n;
  return x;
}

export class Market {
  constructor(rpc, chain) {
    this.rpc = rpc;
    this.chain = chain;
    this.token = new ethers.Interface(tokenArtifact().abi);
    this.actors = new Actors(rpc, chain.chainId);
    this.books = [];
    this.rugBlocks = {};
    this.mined = [];
    this.approved = new Set();
  }

  async open(withState) {
    await this.actors.sync();
    this.head = Number(await this.rpc.call('eth_blockNumber'));
    if (withState) this.state = readState('market.json');
  }

  // The request goes out, and the next block is signed while the node works on it.
  async mine(raws, timestamp) {
    await this.settle();
    this.inflight = mine(this.rpc, raws, timestamp).then(() => null, (error) => error);
    this.head += 1;
    this.mined.push([this.head, raws.length]);
  }

  async settle() {
    const error = await this.inflight;
    if (error) throw error;
  }

  // The last block that is before every rug, as it stands now.
  beforeRugs(block) {
    this.state.last_block_before_rug = block;
    for (const token of this.state.tokens) if (token.rugged) token.last_block_before_rug = block;
  }

  pool(token) {
    const [a, b] = [token, this.chain.weth].sort((x, y) => (BigInt(x) < BigInt(y) ? -1 : 1));
    return ethers.getCreate2Address(this.chain.factory, ethers.solidityPackedKeccak256(['address', 'address'], [a, b]), PAIR_CODE);
  }

  book(index, token) {
    return { index, dev: 1 + index, token, pool: this.pool(token), feeBps: BigInt(TOKENS[index].feeBps || 0), w: 0n, t: 0n,
             supply: 0n, holds: new Map(), lp: new Map(), created: 0 };
  }

  // The tokens themselves, and a stock of each for the liquidity providers: no pool sees this block.
  launch(plans) {
    const raws = [];
    for (const plan of plans) {
      const dev = 1 + plan.index;
      const unit = 10n ** BigInt(plan.decimals);
      const stock = (BigInt(Math.max(1, Math.round(plan.tokens * 1e6))) * unit) / 10n ** 6n || 1n;
      const supply = stock * (plan.rug === 'slow' ? 50n : 5n);
      const made = this.actors.deploy(dev, tokenArtifact(), [plan.name, plan.symbol, plan.decimals, supply, plan.feeBps || 0]);
      raws.push(made.raw);
      const book = this.book(plan.index, made.address);
      book.stock = stock;
      book.holds.set(dev, supply);
      this.books[plan.index] = book;
      for (const provider of PROVIDERS) {
        raws.push(this.actors.sign(dev, book.token, this.token.encodeFunctionData('transfer', [this.actors.addresses[provider], stock / 2n])));
        this.give(book.holds, dev, -(stock / 2n));
        this.give(book.holds, provider, stock / 2n);
      }
    }
    return raws;
  }

  // What is known from the chain when a later process goes on.
  async load(state) {
    const ask = (to, coder, name, args) => ['eth_call', [{ to, data: coder.encodeFunctionData(name, args) }, 'latest']];
    for (const [index, token] of state.tokens.entries()) {
      const book = this.book(index, token.token);
      const who = this.actors.addresses;
      const calls = [ask(book.pool, abi.pair, 'getReserves', []), ask(book.pool, abi.pair, 'token0', []), ask(book.pool, abi.pair, 'totalSupply', [])];
      for (const a of who) {
        calls.push(ask(book.token, this.token, 'balanceOf', [a]), ask(book.pool, abi.pair, 'balanceOf', [a]),
                   ask(book.token, this.token, 'allowance', [a, this.chain.router]), ask(book.pool, abi.pair, 'allowance', [a, this.chain.router]));
      }
      const got = await this.rpc.batch(calls);
      const reserves = [BigInt(got[0].slice(0, 66)), BigInt(`0x${got[0].slice(66, 130)}`)];
      const wethFirst = BigInt(got[1]) === BigInt(this.chain.weth);
      [book.w, book.t] = wethFirst ? reserves : reserves.reverse();
      book.supply = BigInt(got[2]);
      who.forEach((_, actor) => {
        const at = 3 + 4 * actor;
        book.holds.set(actor, BigInt(got[at]));
        book.lp.set(actor, BigInt(got[at + 1]));
        if (BigInt(got[at + 2]) > MAX / 2n) this.approved.add(`${actor} ${book.token}`);
        if (BigInt(got[at + 3]) > MAX / 2n) this.approved.add(`${actor} ${book.pool}`);
      });
      this.books[index] = book;
    }
  }

  describe() {
    return this.books.map((book, i) => ({
      symbol: TOKENS[i].symbol, name: TOKENS[i].name, kind: TOKENS[i].kind, rugged: Boolean(TOKENS[i].rug), token: book.token,
      pool: book.pool, decimals: TOKENS[i].decimals, created_block: book.created, rug_block: null, last_block_before_rug: null }));
  }

  give(map, actor, amount) {
    map.set(actor, (map.get(actor) || 0n) + amount);
  }

  allow(actor, contract) {
    const key = `${actor} ${contract}`;
    if (this.approved.has(key)) return [];
    this.approved.add(key);
    return [this.actors.sign(actor, contract, this.token.encodeFunctionData('approve', [this.chain.router, MAX]))];
  }

  routed(actor, name, args, value = 0n, gas = 400_000n) {
    return this.actors.sign(actor, this.chain.router, abi.router.encodeFunctionData(name, args), value, gas);
  }

  transactions(step) {
    return this[step.type](this.books[step.index], step);
  }

  // Called once the block of a step is mined.
  note(step) {
    const book = this.books[step.index];
    if (step.type === 'create') book.created = this.head;
    const rug = ['pull', 'dump', 'bleed'].includes(step.type);
    if (rug && step.left !== undefined ? step.left === 1 : rug) this.rugBlocks[TOKENS[step.index].symbol] = this.head;
  }

  create(book, { plan }) {
    const { dev } = book;
    const weth = toWei(plan.wInit);
    const tokens = book.stock;
    book.w = weth;
    book.t = tokens;
    book.supply = root(weth * tokens);
    this.give(book.holds, dev, -tokens);
    this.give(book.lp, dev, book.supply - 1000n);
    return [...this.allow(dev, book.token), this.routed(dev, 'addLiquidityETH',
      [book.token, tokens, 0n, 0n, this.actors.addresses[dev], MAX], weth, 4_000_000n)];
  }

  lp(book, { how }) {
    const held = book.lp.get(book.dev);
    const amount = how === 'burn' ? held : (held * 9n) / 10n;
    this.give(book.lp, book.dev, -amount);
    return [this.actors.sign(book.dev, book.pool, abi.pair.encodeFunctionData('transfer', [how === 'burn' ? DEAD : LOCKER, amount]))];
  }

  buy(book, step) {
    const actor = TRADERS[Math.floor(step.actor * TRADERS.length)];
    const weth = step.share ? part(book.w, step.share) : toWei(Math.max(1e-6, step.weth));
    const put = weth * 997n;
    const out = (put * book.t) / (book.w * 1000n + put);
    if (out < 2n) return [];
    book.w += weth;
    book.t -= out;
    this.give(book.holds, actor, out - (out * book.feeBps) / 10000n);
    return [this.routed(actor, 'swapExactETHForTokensSupportingFeeOnTransferTokens',
      [0n, [this.chain.weth, book.token], this.actors.addresses[actor], MAX], weth)];
  }

  // Sells just enough tokens for the planned WETH; who holds most of them sells, or else the maker.
  sell(book, step) {
    const weth = step.share ? part(book.w, step.share) : toWei(Math.max(1e-6, step.weth));
    const need = (book.t * weth * 1000n) / ((book.w - weth) * 997n) + 1n;
    const gross = (need * 10000n) / (10000n - book.feeBps) + 1n;
    const rank = TRADERS.filter((a) => (book.holds.get(a) || 0n) >= gross);
    const actor = rank.length > 0 ? rank[Math.floor(step.actor * rank.length)] : book.dev;
    return this.sellTokens(book, actor, actor === book.dev ? need : gross);
  }

  sellTokens(book, actor, amount) {
    if ((book.holds.get(actor) || 0n) < amount) throw new Error(`${TOKENS[book.index].symbol}: actor ${actor} lacks tokens to sell`);
    const arrived = actor === book.dev ? amount : amount - (amount * book.feeBps) / 10000n;
    const put = arrived * 997n;
    const out = (put * book.w) / (book.t * 1000n + put);
    book.w -= out;
    book.t += arrived;
    this.give(book.holds, actor, -amount);
    this.give(book.holds, book.dev, amount - arrived);
    return [...this.allow(actor, book.token), this.routed(actor, 'swapExactTokensForETHSupportingFeeOnTransferTokens',
      [amount, 0n, [book.token, this.chain.weth], this.actors.addresses[actor], MAX])];
  }

  mint(book, step) {
    const actor = PROVIDERS[Math.floor(step.actor * PROVIDERS.length)];
    const held = book.holds.get(actor) || 0n;
    let weth = part(book.w, step.share);
    if ((weth * book.t) / book.w > held) weth = (held * book.w) / book.t - 1n;
    const tokens = (weth * book.t) / book.w;
    if (tokens < 1n) return [];
    const arrived = tokens - (tokens * book.feeBps) / 10000n;
    const share = [(weth * book.supply) / book.w, (arrived * book.supply) / book.t];
    const made = share[0] < share[1] ? share[0] : share[1];
    this.give(book.holds, actor, -tokens);
    this.give(book.holds, book.dev, tokens - arrived);
    this.give(book.lp, actor, made);
    book.supply += made;
    book.w += weth;
    book.t += arrived;
    return [...this.allow(actor, book.token), this.routed(actor, 'addLiquidityETH',
      [book.token, held, 0n, 0n, this.actors.addresses[actor], MAX], weth)];
  }

  burn(book, step) {
    const actor = PROVIDERS.find((a) => (book.lp.get(a) || 0n) > 0n);
    if (actor === undefined) return [];
    const wanted = part(book.supply, step.share);
    const held = book.lp.get(actor);
    return this.remove(book, actor, wanted < held ? wanted : held);
  }

  remove(book, actor, amount) {
    const weth = (amount * book.w) / book.supply;
    const tokens = (amount * book.t) / book.supply;
    if (weth === 0n || tokens === 0n) return [];
    book.supply -= amount;
    book.w -= weth;
    book.t -= tokens;
    this.give(book.lp, actor, -amount);
    this.give(book.holds, actor, actor === book.dev ? tokens : tokens - (tokens * book.feeBps) / 10000n);
    return [...this.allow(actor, book.pool), this.routed(actor, 'removeLiquidity',
      [book.token, this.chain.weth, amount, 0n, 0n, this.actors.addresses[actor], MAX])];
  }

  pull(book) {
    return this.remove(book, book.dev, book.lp.get(book.dev));
  }

  // The maker mints tokens from nothing and sells them in a few strokes.
  dump(book, step) {
    const raws = [];
    if (step.first) {
      const fresh = book.t * 60n;
      raws.push(this.actors.sign(book.dev, book.token, this.token.encodeFunctionData('mint', [this.actors.addresses[book.dev], fresh])));
      this.give(book.holds, book.dev, fresh);
    }
    return [...raws, ...this.sellTokens(book, book.dev, book.holds.get(book.dev) / BigInt(step.left))];
  }

  // The maker sells a constant factor at a time until a thirtieth of the WETH is left.
  bleed(book, step) {
    const keep = (1 / 30) ** (1 / 31);
    const held = book.holds.get(book.dev);
    const amount = part(book.t, (1 / keep - 1) / 0.997);
    return this.sellTokens(book, book.dev, step.left === 1 || amount > held ? (amount < held ? amount : held) : amount);
  }
}
