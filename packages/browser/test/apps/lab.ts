// What the tests of real pages reach for: everything, on one object.
import * as browser from '@deltawire/browser'
import * as dom from '@deltawire/browser/dom'
import * as streams from '@deltawire/browser/streams'
import * as tabs from '@deltawire/browser/tabs'
import * as tools from '@deltawire/browser/tools'
import * as websocket from '@deltawire/browser/websocket'

const violations: string[] = []
document.addEventListener('securitypolicyviolation', ({ violatedDirective, sourceFile }) =>
  violations.push(`${violatedDirective} ${sourceFile}`),
)
const longTasks: number[] = []
new PerformanceObserver((list) => longTasks.push(...list.getEntries().map(({ duration }) => duration))).observe({
  entryTypes: ['longtask'],
})

const lab = { ...browser, ...dom, ...streams, ...tabs, ...tools, ...websocket, violations, longTasks }

export type LabApi = typeof lab

Object.assign(window, { lab })
