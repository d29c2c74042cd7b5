// What the servers of a zone say of one name, where every one of them is asked: whether they agree, and which answer
// the question goes on with.
//
// Servers are asked in any order, so nothing here depends on it. Servers agree where the sets of records are the same;
// order, duplicates, TTLs and the case of names make no difference. The question goes on with data before an alias,
// with an alias before NODATA, and with that before NXDOMAIN; of several sets with the one that most servers give, then
// with the least as octets; of one set with the lowest TTLs, as the server of the lowest address.
//   differ: two gave different sets: data that are not the same, or data or an alias where another has none.
//   open:   a server failed, or two gave aliases to different names, whose ends may have the same set.
// A server that does not serve the zone at all (lame) gives no set, and is no failure. NODATA and NXDOMAIN are one set,
// the empty one.
//
// Ownership: it keeps copies of the answers, one a different set. Thread safety: one thread. Errors: none.
#ifndef MXSCAN_SCANNER_RESOLVE_SERVER_POLL_H_
#define MXSCAN_SCANNER_RESOLVE_SERVER_POLL_H_

#include <vector>

#include "io/address.h"
#include "io/transport.h"
#include "scanner/dns/answer.h"
#include "scanner/verdict/observation.h"

namespace mxscan {

class ServerPoll {
 public:
  // What some servers say.
  struct Said {
    bool alias = false;  // the answer's chain leads to a name that must be asked for
    Answer answer;
    Endpoint peer;
    TimeNs rtt_ns = -1;
    int servers = 0;
  };

  // Another zone is asked: what was said so far counts no more, but for what End has kept.
  void Forget() { said_.clear(); }
  void Take(bool alias, const Answer& answer, const Endpoint& peer, TimeNs rtt_ns);
  bool empty() const { return said_.empty(); }
  // The zone's servers have all been asked, at least one of them has answered, so many have not. `more` there may be,
  // of which no address is known or that could not be asked. What is returned is good until the next Forget.
  const Said& End(int lame, int failed, bool more);

  // Of all zones that were asked to the end, those on an alias chain among them.
  const ServersObservation& observation() const { return observation_; }

 private:
  std::vector<Said> said_;
  ServersObservation observation_;
};

}  // namespace mxscan

#endif  // MXSCAN_SCANNER_RESOLVE_SERVER_POLL_H_
