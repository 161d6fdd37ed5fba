/** The JSON form in which protobufjs (below @grpc/proto-loader) describes a package, as far as our contract uses it. */

/** A package, or a part of its name. */
export interface NamespaceJson {
  readonly nested?: Readonly<Record<string, unknown>>;
}

export interface PackageJson {
  readonly nested: Readonly<Record<string, MessageJson | ServiceJson>>;
}

export interface ServiceJson {
  readonly methods: Readonly<Record<string, MethodJson>>;
}

export interface MethodJson {
  readonly requestType: string;
  readonly responseType: string;
  readonly requestStream?: boolean;
  readonly responseStream?: boolean;
  readonly comment: string | null;
}

export interface MessageJson {
  readonly fields: Readonly<Record<string, FieldJson>>;
  readonly oneofs?: Readonly<Record<string, { readonly oneof: readonly string[] }>>;
  readonly comment: string | null;
}

export interface FieldJson {
  readonly id: number;
  readonly type: string;
  readonly rule?: string;
  /** Type of the keys, in a map. */
  readonly keyType?: string;
  readonly options?: { readonly proto3_optional?: boolean; readonly jstype?: string };
  readonly comment: string | null;
}
