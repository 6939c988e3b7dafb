// A candidate's page in Chromium, and what its main thread did.

const MEGABYTE = 1024 * 1024

/** Opens a page of a candidate and lets it run warm. */
export async function openPage(context, url) {
  const page = await context.newPage()
  page.on('pageerror', (error) => console.error(String(error)))
  await page.addInitScript(() => {
    globalThis.longTasks = []
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) globalThis.longTasks.push(duration)
    }).observe({ type: 'longtask' })
  })
  await page.goto(url)
  await page.waitForFunction(() => 'ask' in globalThis || 'measure' in globalThis)
  const cdp = await context.newCDPSession(page)
  // What the thread itself worked: on a machine that does other things, time on the wall says more of those.
  await cdp.send('Performance.enable', { timeDomain: 'threadTicks' })
  return { page, cdp }
}

async function metricsOf(cdp) {
  const { metrics } = await cdp.send('Performance.getMetrics')
  const of = (name) => metrics.find((metric) => metric.name === name)?.value ?? Number.NaN
  return { cpuMs: of('TaskDuration') * 1_000, heap: of('JSHeapUsedSize') / MEGABYTE }
}

/** One answer: CPU of the main thread, its longest task on the wall, renders, and how the heap grew. */
export async function measureAnswer({ page, cdp }, url, length) {
  await page.evaluate(() => {
    globalThis.clear()
    globalThis.renders = 0
  })
  await cdp.send('HeapProfiler.collectGarbage')
  await page.evaluate(() => void (globalThis.longTasks.length = 0))
  const before = await metricsOf(cdp)
  const got = await page.evaluate((at) => globalThis.ask(at), url)
  // The last one is painted.
  await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve, 50))))
  const after = await metricsOf(cdp)
  if (got < length) throw new Error(`${got} of ${length} characters came from ${url}`)
  await cdp.send('HeapProfiler.collectGarbage')
  const { heap } = await metricsOf(cdp)
  const { longestMs, renders } = await page.evaluate(() => ({
    longestMs: Math.max(0, ...globalThis.longTasks),
    renders: globalThis.renders,
  }))
  return {
    cpuMs: after.cpuMs - before.cpuMs,
    longestMs,
    renders,
    peakMB: after.heap - before.heap,
    keptMB: heap - before.heap,
  }
}

/** What a store does with events that are there already: CPU milliseconds. */
export async function measureStore({ page, cdp }, name, what) {
  await page.evaluate((wanted) => globalThis.prepare(wanted), what)
  await cdp.send('HeapProfiler.collectGarbage')
  const before = await metricsOf(cdp)
  await page.evaluate((store) => globalThis.measure(store), name)
  return (await metricsOf(cdp)).cpuMs - before.cpuMs
}

export function median(values) {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)]
}

/** Runs the candidates in turn, so that what else the machine does meets them all. */
export async function inTurn(candidates, rounds, measure) {
  const runs = new Map(candidates.map((candidate) => [candidate, []]))
  for (let round = 0; round < rounds; round++)
    for (const candidate of candidates) {
      if (round >= (candidate.rounds ?? Infinity)) continue
      runs.get(candidate).push(await measure(candidate))
    }
  return runs
}
