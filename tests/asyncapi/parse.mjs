// Reads an AsyncAPI document from standard input with the AsyncAPI project's own parser; prints what it finds, as JSON.
import {Parser} from '@asyncapi/parser';
import {text} from 'node:stream/consumers';

const {document, diagnostics} = await new Parser().parse(await text(process.stdin));
const found = diagnostics.map(({code, message, path, severity}) => ({code, message, path: path.join('.'), severity}));
console.log(JSON.stringify({read: document !== undefined, messages: document?.allMessages().length ?? 0, found}));
