export function runReadmeExample(readmePath: string): { expected: string; actual: string };
