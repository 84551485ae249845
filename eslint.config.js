import neostandard from 'neostandard'

export default [
  ...neostandard({ ts: true, ignores: ['node_modules', 'dist', 'data', '.tap', 'docs', 'bench/node_modules', 'test/.cache'] }),
  {
    rules: {
      // The formatter (dprint.json) owns the layout.
      '@stylistic/indent': 'off',
      '@stylistic/brace-style': 'off',
      '@stylistic/generator-star-spacing': 'off',
      '@stylistic/yield-star-spacing': 'off',
      '@stylistic/semi-spacing': 'off',
      '@stylistic/max-len': ['error', { code: 100, ignoreStrings: true, ignoreTemplateLiterals: true, ignoreUrls: true, ignoreRegExpLiterals: true }],
      'no-console': 'error',
      // A TypeBox constant and its type share a name.
      '@typescript-eslint/no-redeclare': 'off'
    }
  },
  { files: ['src/cli/**', 'src/demo/**', 'test/**', 'bench/**', 'build/**'], rules: { 'no-console': 'off' } }
]
