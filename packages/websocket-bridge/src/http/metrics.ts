import { Counter, Gauge, Registry } from 'prom-client'
import type { RelayStats } from '../relay-stats.ts'

/** What is told of a node, in the text format of Prometheus. */
export interface Metrics {
  readonly contentType: string
  text(): Promise<string>
}

type Reading = number | { readonly [label: string]: number }

interface Metric {
  readonly name: string
  readonly help: string
  readonly kind: 'counter' | 'gauge'
  /** The name of the label, where there are several values. */
  readonly label?: string
  readonly read: (stats: RelayStats) => Reading
}

const METRICS: readonly Metric[] = [
  { name: 'sockets', help: 'Open sockets.', kind: 'gauge', read: (s) => s.sockets },
  { name: 'event_readers', help: 'Clients that follow over HTTP.', kind: 'gauge', read: (s) => s.eventReaders },
  { name: 'subscriptions', help: 'Subscriptions of all sockets.', kind: 'gauge', read: (s) => s.subscriptions },
  { name: 'streams_attached', help: 'Streams this node knows.', kind: 'gauge', read: (s) => s.streamsAttached },
  { name: 'streams_producing', help: 'Streams this node produces.', kind: 'gauge', read: (s) => s.streamsProducing },
  { name: 'flush_window_ms', help: 'How long deltas are held back.', kind: 'gauge', read: (s) => s.flushWindowMs },
  {
    name: 'store_reachable',
    help: 'Whether the store answers.',
    kind: 'gauge',
    read: (s) => Number(s.isStoreReachable),
  },
  { name: 'draining', help: 'Whether this node goes away.', kind: 'gauge', read: (s) => Number(s.isDraining) },
  { name: 'streams_started_total', help: 'Streams started.', kind: 'counter', read: (s) => s.streamsStarted },
  {
    name: 'streams_ended_total',
    help: 'Streams ended, by how.',
    kind: 'counter',
    label: 'status',
    read: (s) => s.streamsEnded,
  },
  {
    name: 'streams_taken_over_total',
    help: 'Streams taken from a dead node.',
    kind: 'counter',
    read: (s) => s.streamsTakenOver,
  },
  { name: 'streams_lost_total', help: 'Streams lost to another node.', kind: 'counter', read: (s) => s.streamsLost },
  { name: 'chunks_read_total', help: 'Chunks that sources gave.', kind: 'counter', read: (s) => s.chunksRead },
  { name: 'frames_sent_total', help: 'Frames sent to readers.', kind: 'counter', read: (s) => s.framesSent },
  { name: 'sums_sent_total', help: 'Frames that were the whole sum.', kind: 'counter', read: (s) => s.sumsSent },
  { name: 'chunks_sent_total', help: 'Chunks covered by frames sent.', kind: 'counter', read: (s) => s.chunksSent },
  { name: 'sent_characters_total', help: 'Characters of frames sent.', kind: 'counter', read: (s) => s.lengthSent },
  { name: 'sockets_opened_total', help: 'Sockets opened.', kind: 'counter', read: (s) => s.socketsOpened },
  {
    name: 'sockets_closed_total',
    help: 'Sockets closed by this node.',
    kind: 'counter',
    label: 'code',
    read: (s) => s.socketsClosed,
  },
  {
    name: 'requests_refused_total',
    help: 'Requests refused.',
    kind: 'counter',
    label: 'code',
    read: (s) => s.requestsRefused,
  },
  {
    name: 'store_failures_total',
    help: 'Calls of the store that failed, by what was asked.',
    kind: 'counter',
    label: 'call',
    read: (s) => s.storeFailures,
  },
]

/** Makes the metrics of a node. They are read from what the node counts anyway, when somebody asks. */
export function createMetrics(stats: () => RelayStats): Metrics {
  const registry = new Registry()
  for (const metric of METRICS) registry.registerMetric(metric.kind === 'gauge' ? gauge(metric) : counter(metric))

  function about({ name, help, label }: Metric): { name: string; help: string; labelNames: string[]; registers: [] } {
    return { name: `deltawire_relay_${name}`, help, labelNames: label === undefined ? [] : [label], registers: [] }
  }

  function* readings({ label = '', read }: Metric): Iterable<[labels: Record<string, string>, value: number]> {
    const reading = read(stats())
    if (typeof reading === 'number') yield [{}, reading]
    else for (const [key, value] of Object.entries(reading)) yield [{ [label]: key }, value]
  }

  function gauge(metric: Metric): Gauge {
    return new Gauge({
      ...about(metric),
      collect() {
        for (const [labels, value] of readings(metric)) this.set(labels, value)
      },
    })
  }

  function counter(metric: Metric): Counter {
    return new Counter({
      ...about(metric),
      collect() {
        this.reset()
        for (const [labels, value] of readings(metric)) this.inc(labels, value)
      },
    })
  }

  return { contentType: registry.contentType, text: () => registry.metrics() }
}
