import type {
  ComposeConfig,
  ComposeModel,
  ComposeNetwork,
  ComposeSecret,
  ComposeService,
  ComposeVolume,
} from '../compose-types.ts';

/** A type whose values may still be changed. */
type Draft<T> = T extends readonly (infer Item)[]
  ? Draft<Item>[]
  : T extends object
    ? { -readonly [Key in keyof T]: Draft<T[Key]> }
    : T;

type Loose<T, Late extends keyof T> = Omit<T, Late> & Partial<Pick<T, Late>>;

/** A service as its files say it, before defaults. */
export type DraftService = Draft<Loose<ComposeService, 'command' | 'entrypoint'>>;
type DraftNetwork = Draft<Loose<ComposeNetwork, 'name' | 'ipam'>>;
type DraftVolume = Draft<Loose<ComposeVolume, 'name'>>;
type DraftConfig = Draft<Loose<ComposeConfig, 'name'>>;
type DraftSecret = Draft<Loose<ComposeSecret, 'name'>>;
type DraftModel = Draft<ComposeModel>;

/** The model while defaults are filled in. Definitions may be empty (null) until then. */
export interface DraftProject {
  name: string;
  services: Record<string, DraftService>;
  networks: Record<string, DraftNetwork>;
  volumes: Record<string, DraftVolume>;
  configs: Record<string, DraftConfig>;
  secrets: Record<string, DraftSecret>;
  models: Record<string, DraftModel>;
}
