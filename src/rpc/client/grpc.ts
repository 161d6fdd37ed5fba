/** What clients use of @grpc/grpc-js, by name: a bundler gives a dynamic import of a CommonJS package its default export only. */
export { Client, credentials, InterceptingCall } from '@grpc/grpc-js';
