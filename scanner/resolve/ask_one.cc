#include "scanner/resolve/ask_one.h"

namespace mxscan {

AskedOne AskOne(Engine* engine, Transport* transport, NameView name, RrType type, TimeNs* now) {
  AskedOne asked;
  const auto take = [&asked](const Completion* done) {
    if (done != nullptr) asked = {done->outcome, done->rcode >= 0, done->rtt_ns};
  };
  engine->Ask(name, type, 0);
  Inbox inbox;
  while (engine->open() > 0 && !engine->no_server_answers(*now)) {
    const TimeNs deadline = engine->Advance(*now);
    take(engine->NextUnanswered());
    if (engine->open() == 0) break;
    *now = transport->Poll(deadline, &inbox);
    for (const InDatagram& datagram : inbox.datagrams) take(engine->OnDatagram(datagram, *now));
    for (const StreamEvent& event : inbox.streams) take(engine->OnStream(event, *now));
    for (const SocketError& error : inbox.errors) engine->OnSocketError(error, *now);
  }
  return asked;
}

}  // namespace mxscan
