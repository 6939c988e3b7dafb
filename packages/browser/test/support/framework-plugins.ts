import { transformAsync } from '@babel/core'
import { type Plugin, transform } from 'esbuild'
import { readFile } from 'node:fs/promises'
import { compile } from 'svelte/compiler'

export const svelte: Plugin = {
  name: 'svelte',
  setup({ onLoad }) {
    onLoad({ filter: /\.svelte$/ }, async ({ path }) => {
      const { js } = compile(await readFile(path, 'utf8'), { filename: path, generate: 'client' })
      return { contents: js.code, loader: 'js' }
    })
  },
}

export const solid: Plugin = {
  name: 'solid',
  setup({ onLoad }) {
    onLoad({ filter: /solid\.tsx$/ }, async ({ path }) => {
      const source = (await readFile(path, 'utf8')).replace('/** @jsxImportSource solid-js */', '')
      const { code } = await transform(source, { loader: 'tsx', jsx: 'preserve', target: 'es2022' })
      const made = await transformAsync(code, {
        presets: ['babel-preset-solid'],
        filename: path.replace(/tsx$/, 'jsx'),
        babelrc: false,
        configFile: false,
      })
      return { contents: made?.code ?? '', loader: 'js' }
    })
  },
}
