import type { ImageService } from '../images/image-service.ts';
import type { FileProgram } from '../native/file-program.ts';
import type { TaskTable } from '../tasks/task-table.ts';
import { serveAttach } from './attach.ts';
import { servePause, serveSignal, serveStats, serveUnpause } from './control.ts';
import { serveExec } from './exec.ts';
import { serveInsert, serveLook, servePack } from './files.ts';
import {
  serveImageContent,
  serveImageFind,
  serveImageIdentify,
  serveImageImport,
  serveImageList,
  serveImageLoad,
  serveImagePull,
  serveImageRemove,
  serveImageResolve,
  serveImageUsers,
} from './image-streams.ts';
import { serveLogs } from './logs.ts';
import type { StreamHandlers } from './relay-stream.ts';
import { serveTop } from './top.ts';

/**
 * What this host does for each kind of stream. What changes images ends after `reported`: an `up` that follows finds out which
 * containers have an old one.
 */
export function makeStreamHandlers(
  tasks: TaskTable,
  images: ImageService,
  files: FileProgram,
  reported: () => Promise<void>,
): StreamHandlers {
  const toldOf = async (serving: Promise<number>): Promise<number> => {
    const exitCode = await serving;
    await reported();
    return exitCode;
  };
  return {
    exec: (stream) => serveExec(tasks, stream),
    attach: (stream) => serveAttach(tasks, stream),
    logs: (stream) => serveLogs(tasks, stream),
    top: (stream) => serveTop(tasks, stream),
    stats: (stream) => serveStats(tasks, stream),
    signal: (stream) => serveSignal(tasks, stream),
    pause: (stream) => servePause(tasks, stream),
    unpause: (stream) => serveUnpause(tasks, stream),
    'files.look': (stream) => serveLook(tasks, files, stream),
    'files.pack': (stream) => servePack(tasks, files, stream),
    'files.insert': (stream) => serveInsert(tasks, files, stream),
    'image.pull': (stream) => toldOf(serveImagePull(images, stream)),
    'image.load': (stream) => toldOf(serveImageLoad(images, stream)),
    'image.import': (stream) => toldOf(serveImageImport(images, stream)),
    'image.list': (stream) => serveImageList(images, stream),
    'image.resolve': (stream) => serveImageResolve(images, stream),
    'image.find': (stream) => serveImageFind(images, stream),
    'image.identify': (stream) => serveImageIdentify(images, stream),
    'image.content': (stream) => serveImageContent(images, stream),
    'image.users': (stream) => serveImageUsers(images, stream),
    'image.remove': (stream) => toldOf(serveImageRemove(images, stream)),
  };
}
