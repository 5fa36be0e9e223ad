"""Bodies of the tapestry in ``pipeline.ts``: what scikit-learn does better than TypeScript."""
