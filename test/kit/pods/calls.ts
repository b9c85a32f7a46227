// The calls that a test pod makes for a test: the clients of the test kit, by name, and loads of such calls.

import { talkGrpc, type GrpcAnswer, type GrpcTalk } from '../clients/grpc.ts';
import { sendHttp, type HttpAnswer, type HttpRequest } from '../clients/http.ts';
import { talkTcp, type TcpAnswer, type TcpTalk } from '../clients/tcp.ts';
import { talkUdp, type UdpAnswer, type UdpTalk } from '../clients/udp.ts';
import { talkWebSocket, type WebSocketReply, type WebSocketTalk } from '../clients/web-socket.ts';
import { reportLoad, startLoad, stopLoad, type LoadOrder, type LoadReport } from './load.ts';

/** What each kind of call is given, whose `address` may be a name, and what it resolves with. */
interface CallKinds {
  readonly http: readonly [call: HttpRequest, answer: HttpAnswer];
  readonly grpc: readonly [call: GrpcTalk, answer: GrpcAnswer];
  readonly tcp: readonly [call: TcpTalk, answer: TcpAnswer];
  readonly udp: readonly [call: UdpTalk, answer: UdpAnswer];
  readonly webSocket: readonly [call: WebSocketTalk, answer: readonly WebSocketReply[]];
  readonly startLoad: readonly [call: LoadOrder, answer: object];
  readonly reportLoad: readonly [call: object, answer: LoadReport];
  readonly stopLoad: readonly [call: object, answer: LoadReport];
}

export type CallKind = keyof CallKinds;
export type Call<Kind extends CallKind> = CallKinds[Kind][0];
export type Answer<Kind extends CallKind> = CallKinds[Kind][1];

/** What makes each kind of call. */
export const calls: { readonly [Kind in CallKind]: (call: Call<Kind>) => Promise<Answer<Kind>> } = {
  http: sendHttp,
  grpc: talkGrpc,
  tcp: talkTcp,
  udp: talkUdp,
  webSocket: talkWebSocket,
  startLoad,
  reportLoad,
  stopLoad,
};

/** Port on which a test pod is asked to make calls: `POST /KIND` with the call as JSON. */
export const callsPort = 7000;

/** What is answered: the call's answer, or how it failed. */
export type CallResult<Answer> =
  | { readonly answer: Answer }
  | { readonly failure: string; readonly message: string };
