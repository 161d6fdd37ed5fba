import assert from 'node:assert/strict';
import { mock } from 'node:test';
import { LeaderSearch } from '../../../../../agents/host/session/leader-search.ts';
import { numbersFrom } from '../../../../support/numbers-from.ts';

/** Managers that name another leader when the test says so. */
class FakeManagers {
  asked = 0;
  #answer = Promise.withResolvers<void>();

  newLeader(): Promise<void> {
    this.asked++;
    return this.#answer.promise;
  }

  elect(): void {
    this.#answer.resolve();
  }

  refuse(): void {
    this.#answer.reject(new Error('nobody can tell'));
    this.#answer = Promise.withResolvers<void>();
  }
}

/** Lets that time go by, and everything happen that waits for nothing else, pauses of no length among it. */
async function pass(ms: number): Promise<void> {
  for (const step of [ms, 0, 0]) {
    mock.timers.tick(step);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('the search for the manager that leads', () => {
  let managers: FakeManagers;
  let search: LeaderSearch;

  beforeEach(() => {
    mock.timers.enable({ apis: ['setTimeout'] });
    managers = new FakeManagers();
    search = new LeaderSearch(managers, () => 0);
  });
  afterEach(() => {
    search.answered();
    mock.timers.reset();
  });

  it('asks nobody while every answer comes within a second', async () => {
    const moved = search.begin();
    for (let beat = 0; beat < 5; beat++) {
      await pass(999);
      search.answered();
      search.expectAnswer();
    }
    managers.elect();
    assert.deepEqual([managers.asked, moved.aborted], [0, false]);
  });

  it('asks when there is no answer for a second, once, and gives the attempt up when another one leads', async () => {
    const moved = search.begin();
    await pass(600);
    search.expectAnswer();
    await pass(400);
    search.doubt();
    await pass(0);
    assert.deepEqual([managers.asked, moved.aborted], [1, false]);
    managers.elect();
    await pass(0);
    assert.equal(moved.aborted, true);
    assert.equal(search.begin().aborted, false, 'that was the former attempt');
  });

  it('lets an attempt be that succeeds while others are asked', async () => {
    const moved = search.begin();
    search.doubt();
    await pass(0);
    search.answered();
    managers.elect();
    await pass(0);
    assert.deepEqual([managers.asked, moved.aborted], [1, false]);
  });

  it('asks again after the next failure when nobody could tell', async () => {
    const moved = search.begin();
    search.doubt();
    await pass(0);
    managers.refuse();
    await pass(10_000);
    assert.equal(managers.asked, 1);
    search.doubt();
    await pass(0);
    managers.elect();
    await pass(0);
    assert.deepEqual([managers.asked, moved.aborted], [2, true]);
  });
});

describe('nodes that lose their manager in the same moment', () => {
  before(() => mock.timers.enable({ apis: ['setTimeout'] }));
  after(() => mock.timers.reset());

  /** When each of so many goes to the next leader, in ms after its election. */
  async function returnsOf(nodes: number): Promise<readonly number[]> {
    const random = numbersFrom(7);
    const managers = new FakeManagers();
    const moved = Array.from({ length: nodes }, () => {
      const search = new LeaderSearch(managers, random);
      search.noteNodes(nodes);
      const signal = search.begin();
      search.doubt();
      return signal;
    });
    // An election takes so long at the least.
    for (let ms = 0; ms < 1500; ms += 10) await pass(10);
    managers.elect();
    const times: number[] = [];
    await pass(0);
    for (let ms = 0; times.length < nodes && ms < 20_000; ms += 10) {
      await pass(10);
      while (times.length < moved.filter(({ aborted }) => aborted).length) times.push(ms + 10);
    }
    return times;
  }

  it('are with the next one at once where they are few', async () => {
    const times = await returnsOf(3);
    assert.equal(times.length, 3);
    assert.ok(Math.max(...times) <= 70, times.join());
  });

  it('come over a second where they are fifty, and all before they count as lost where they are very many', async () => {
    const fifty = await returnsOf(50);
    assert.equal(fifty.length, 50);
    const span = Math.max(...fifty) - Math.min(...fifty);
    assert.ok(span >= 800 && Math.max(...fifty) <= 1010, fifty.join());
    const thousand = await returnsOf(1000);
    assert.equal(thousand.length, 1000);
    assert.ok(Math.max(...thousand) <= 8000, String(Math.max(...thousand)));
    const busiest = Math.max(
      ...[...Map.groupBy(thousand, (ms) => Math.floor(ms / 100)).values()].map((all) => all.length),
    );
    assert.ok(busiest <= 100, `${busiest} within 100 ms`);
  });
});
