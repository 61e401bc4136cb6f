// The types of the SDK v1 name a type of browsers that Node's types keep in undici.
type HeadersInit = import('undici').HeadersInit;
