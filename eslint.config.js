import neostandard from 'neostandard'

export default [
  ...neostandard({ ts: true, ignores: ['node_modules', 'dist', 'data', '.tap', 'docs', 'bench/node_modules', 'test/.cache'] }),
  {
    rules: {
      '@stylistic/max-len': ['error', { code: 140, ignoreStrings: true, ignoreTemplateLiterals: true, ignoreUrls: true }],
      'no-console': 'error',
      // A TypeBox constant and its type share a name.
      '@typescript-eslint/no-redeclare': 'off'
    }
  },
  { files: ['src/cli/**', 'src/demo/**', 'test/**', 'bench/**'], rules: { 'no-console': 'off' } }
]
