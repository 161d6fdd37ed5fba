/** Prints the path of the archive with the busybox image of the tests. */
import { busyboxImage } from '../fixtures/images.ts';

process.stdout.write((await busyboxImage()).dockerArchive);
