import type { Chat, Message } from '@deltawire/browser'
import { type ChatCompletion, sumOf } from '@deltawire/core'
