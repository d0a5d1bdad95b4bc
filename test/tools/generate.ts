/** Everything that is generated and kept: `npm run generate`. With --check nothing is written, see the two. */
await import('./generate-reference.ts')
await import('./generate-chart.ts')
