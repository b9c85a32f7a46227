// By which labels the pods of the mesh's proxies are told from others.

/** Labels of every pod in which a proxy runs, as in the original: shadow Services select them, and the API lists them. */
export const proxyLabels: Readonly<Record<string, string>> = { component: 'maesh-mesh' };
