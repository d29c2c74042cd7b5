// The survey: from a target to observations. The plan of a domain, of a host and of an address, and who waits for whom.
//
// One domain d:
//   1. MX of d.
//   2. data: A and AAAA of every exchange that is to be looked up. nodata: A and AAAA of d itself. Anything else: none.
//   3. What only the answers of 2 can suggest: the stripped name of a suspected missing dot, the registrable domain of
//      an exchange that does not exist, mail., smtp. and mx. under a domain with the implicit MX.
//   4. The domain is observed: a row.
// With 2 go the wildcard probes, where that group of lookups is on and MX has data: MX of a random label under d, and
// of a random sibling of d where its parent is no public suffix. The label is a keyed hash of the run's seed and the
// zone, so one question a zone serves all who ask, and a rerun with the seed asks the same.
// Whether a failure is one of DNSSEC: where MX of d, A or AAAA of a name ends in SERVFAIL and no Extended DNS Error
// says why, the same question with CD set; where that gives data, the question without CD again, since what is data in
// its second asking was no matter of validation. So one or two questions, and only after a SERVFAIL.
// A host (exchange, or d with the implicit MX), once per run: its addresses are known -> a row; then every address is
// requested; when all have come, the pair findings. A domain waits for a host's addresses, not for their reverse names.
// An address, once per run: PTR, then A or AAAA of every PTR name -> a row.
// A and AAAA of a name are asked once however many want them: exchanges, PTR names and probes share one cache.
//
// Owner: names and addresses are spread over the workers by a keyed hash; what another worker owns is requested by a
// Message, and an exchange that was requested so is remembered here too. The cache is bounded in bytes; what is evicted
// is asked again when needed, and its row is not written again (SeenSet), so that eviction costs queries and never
// changes a row.
//
// What the engine withholds because of the blocklist: a domain then has no observation but is told to the sink as
// blocked; a lookup of a name is marked withheld, and a name of which nothing was asked has no host row; an address is
// one whose PTR was not asked, a PTR name one that was not looked up.
//
// Units: bytes, microseconds since the epoch for asked_at. Ownership: the survey owns its tasks and caches; the engine,
// sink and sets must outlive it. Thread safety: one thread; each worker has one. Errors: none.
#ifndef MXSCAN_SCANNER_SURVEY_SURVEY_H_
#define MXSCAN_SCANNER_SURVEY_SURVEY_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "scanner/resolve/resolver.h"
#include "scanner/resolve/ring_queue.h"
#include "scanner/run/seen_set.h"
#include "scanner/survey/known_hosts.h"
#include "scanner/survey/messages.h"
#include "scanner/survey/name_index.h"
#include "scanner/verdict/observation.h"
#include "scanner/verdict/verdict.h"

namespace mxscan {

// Which groups of lookups are on.
struct LookupGroups {
  bool a = true;
  bool aaaa = true;
  bool ptr = true;
  bool confirm = true;
  bool probe = true;      // step 3 above
  bool bogus = true;      // the questions after a SERVFAIL
  bool wildcard = false;  // a question more for each domain with MX data: as much again as the MX questions
};

// The groups by the names that `--lookups` and run.json have for them; mx is always on.
struct LookupGroupName {
  std::string_view name;
  bool LookupGroups::*on;
};
inline constexpr LookupGroupName kLookupGroupNames[] = {{"a", &LookupGroups::a},
                                                        {"aaaa", &LookupGroups::aaaa},
                                                        {"ptr", &LookupGroups::ptr},
                                                        {"confirm", &LookupGroups::confirm},
                                                        {"probe", &LookupGroups::probe},
                                                        {"bogus", &LookupGroups::bogus},
                                                        {"wildcard", &LookupGroups::wildcard}};

// "mx,a,aaaa": the groups that are on, as `--lookups` takes them.
std::string LookupsText(const LookupGroups& lookups);

struct SurveyOptions {
  int worker = 0;
  int workers = 1;
  LookupGroups lookups;
  size_t domains_open_max = kOpenDomainsDefault;
  uint64_t cache_bytes = kMemoryDefaultBytes;
  uint64_t owner_seed = 0;                // the same in all workers
  uint64_t label_seed = 0;                // of the random labels; the same in all workers
  bool authoritative = false;             // the resolver asks the zones' own servers
  bool every_server = false;              // and all of them for MX of a domain
  std::vector<std::string> server_texts;  // by the completion's server index; none: its peer
};

// Where observations go. Called as soon as each is complete, domains by Survey::Flush.
class ObservationSink {
 public:
  virtual ~ObservationSink() = default;
  // Several at once, so that each step of their way to the rows is taken for all of them while its code is in the
  // processor's cache.
  virtual void OnDomains(std::span<const DomainObservation* const> domains) = 0;
  // Instead: nothing was asked about the domain, because it is on the blocklist. `input` is the escaped token.
  virtual void OnBlocked(int64_t input_rank, std::string_view input) = 0;
  virtual void OnHost(const HostObservation& host) = 0;
  virtual void OnAddress(const AddressObservation& address) = 0;
  // An exchange host and one of its addresses, both fully observed.
  virtual void OnHostAddress(const HostObservation& host, const AddressObservation& address) = 0;
};

// A host whose row is written and whose pairs with its addresses are still to be judged: what a survey hands over to
// the one that goes on after it.
struct OpenHost {
  std::string name;                              // wire form
  std::vector<std::string> a_chain, aaaa_chain;  // the same
  std::vector<IpAddress> addresses;              // of both families, at least one
};

struct SurveyCounters {
  uint64_t domains_started = 0;
  uint64_t domains_done = 0;        // observed
  uint64_t domains_withheld = 0;    // on the blocklist
  uint64_t names_withheld = 0;      // hosts, PTR names, probed names: different ones of this process
  uint64_t addresses_withheld = 0;  // those whose reverse name was not asked for
  uint64_t names_evicted = 0;
  uint64_t addresses_evicted = 0;
  uint64_t cache_hits = 0;       // requests answered without a question of their own
  uint64_t names_elsewhere = 0;  // requests for names that went to the worker that owns them
};

enum class Stage : uint8_t;  // survey_tasks.h

class Survey {
 public:
  Survey(const SurveyOptions& options, Resolver* resolver, const Suffixes* suffixes, ObservationSink* sink,
         SeenSet* hosts_seen, SeenSet* addresses_seen);
  ~Survey();

  // Which worker owns a name (a domain included) or an address.
  static int OwnerOf(NameView name, uint64_t owner_seed, int workers);
  static int OwnerOf(const IpAddress& address, uint64_t owner_seed, int workers);
  // What the sets of hosts and of addresses keep of those whose rows are written.
  static uint64_t SeenFingerprint(NameView name, uint64_t owner_seed);
  static uint64_t SeenFingerprint(const IpAddress& address, uint64_t owner_seed);

  bool HasRoom() const { return domains_open_ < options_.domains_open_max && resolver_->HasRoom(); }
  // `input` is the escaped token; `domain` is owned by this worker.
  void Start(int64_t input_rank, std::string_view input, NameView domain);

  // In order.
  void OnCompletions(std::span<const Completion* const> completions, int64_t wall_us);
  void OnMessage(Message message);
  // Hands over the domains that are complete: after every few completions or messages, and before counters are read.
  void Flush();

  // After Flush: appends the hosts that wait for their addresses. With the rows written so far, and the domains that
  // have no row, they are all that a run must know to go on: everything else that is open serves one of these.
  void ListOpenHosts(std::vector<OpenHost>* hosts) const;
  // Has the addresses of a host looked at again, whose row an earlier run has written. This worker owns its name;
  // before anything is started.
  void Restore(const OpenHost& host);

  // Messages to other workers, in order: the worker's turn takes them away.
  std::vector<RingQueue<Message>>& outboxes() { return outboxes_; }

  // Work begun and ended here, each only ever growing: hosts that wait for their addresses; and domains, which are
  // begun by whoever hands them out and so count only when they end.
  uint64_t opened() const { return opened_; }
  uint64_t closed() const { return closed_; }
  const SurveyCounters& counters() const { return counters_; }
  uint64_t cache_bytes() const { return names_bytes_ + addresses_bytes_; }

 private:
  struct DomainTask;
  struct NameEntry;
  struct AddressEntry;

  void OnCompletion(const Completion& completion, int64_t wall_us);

  // survey_domain.cc
  DomainObservation& BeginObservation(DomainTask* task);
  void OnMx(DomainTask* task, Stage stage, const Completion& completion, int64_t wall_us);
  void OnMxKnown(DomainTask* task, const Answer& answer);
  void RequestExchanges(DomainTask* task);
  void RequestWildcards(DomainTask* task);
  void RequestProbes(DomainTask* task);
  void Continue(DomainTask* task);
  void FinishDomain(DomainTask* task);
  void EndBlocked(DomainTask* task);
  void OnDomainName(const Ticket& ticket, const HostRef& host, int asked);

  // survey_name.cc
  // The observation, if it is complete; else it comes by `ticket`. `*asked` grows by the lookups sent at once.
  HostRef RequestName(NameView name, uint8_t families, HostRole role, const Ticket& ticket, int* asked);
  HostRef RequestOwnName(NameView name, uint8_t families, HostRole role, const Ticket& ticket, int* asked);
  int AskName(NameEntry* entry, uint8_t families);
  void CountWithheldName(const NameEntry& entry);
  void OnNameLookup(NameEntry* entry, bool is_aaaa, Stage stage, const Completion& completion, int64_t wall_us);
  void OnWildcard(NameEntry* entry, const Completion& completion);
  void OnNameKnown(NameEntry* entry, uint8_t family);
  void PublishName(NameEntry* entry);
  void DeliverName(const Ticket& ticket, const HostRef& host, int asked);
  void StartHost(NameEntry* entry);
  void RequestHostAddresses(NameEntry* entry, HostRef host);
  void OnHostAddressReady(const Ticket& ticket, AddressRef address);
  NameEntry* FindOrAddName(NameView name);
  NameEntry* NameAt(uint32_t index) const;
  uint32_t HashOf(NameView name) const;
  void FetchExchanges(std::span<const Completion* const> completions) const;
  void FetchFreeTasks() const;
  void EvictNames();

  // survey_address.cc
  AddressRef RequestAddress(const IpAddress& address, const Ticket& ticket);
  AddressRef RequestOwnAddress(const IpAddress& address, const Ticket& ticket);
  void OnPtr(uint32_t index, const Completion& completion, int64_t wall_us);
  void OnPtrName(const Ticket& ticket, const HostRef& host);
  bool ConfirmName(AddressEntry* entry, uint32_t name, const HostObservation& host, bool other_family);
  void PublishAddress(AddressEntry* entry);
  void EvictAddresses();

  // survey.cc
  // Takes what the engine says of a question at this stage into `lookup`. True where the question goes on in `*next`.
  bool TakeStage(const Completion& completion, Stage stage, Lookup* lookup, Stage* next) const;
  bool RandomLabelUnder(NameView zone, Name* name) const;
  uint8_t enabled_families() const;

  const SurveyOptions options_;
  Resolver* const resolver_;
  const Suffixes* const suffixes_;
  ObservationSink* const sink_;
  SeenSet* const hosts_seen_;
  SeenSet* const addresses_seen_;

  std::vector<std::unique_ptr<DomainTask>> domains_;
  std::vector<uint32_t> free_domains_;
  std::vector<std::unique_ptr<DomainObservation>>
      free_observations_;                                     // the last one used comes first: it is in the cache
  std::vector<std::unique_ptr<DomainObservation>> finished_;  // at most kFinishedMax
  size_t domains_open_ = 0;

  // Entries by index, in pieces of kNamesPerPiece: where one is takes no look at another list as long as this. A free
  // one has no name.
  std::vector<std::unique_ptr<NameEntry[]>> names_;
  size_t names_size_ = 0;  // free ones included
  std::vector<uint32_t> free_names_;
  NameIndex name_index_;
  uint64_t names_bytes_ = 0;
  size_t names_hand_ = 0;
  KnownHosts known_elsewhere_;        // exchanges that other workers own
  std::vector<uint32_t> open_hosts_;  // names whose host waits for its addresses; each knows its place in it

  std::vector<std::unique_ptr<AddressEntry>> addresses_;
  std::vector<uint32_t> free_addresses_;
  absl::flat_hash_map<IpAddress, uint32_t> address_index_;
  uint64_t addresses_bytes_ = 0;
  size_t addresses_hand_ = 0;

  std::vector<RingQueue<Message>> outboxes_;
  uint64_t opened_ = 0;
  uint64_t closed_ = 0;
  SurveyCounters counters_;
};

}  // namespace mxscan

#endif  // MXSCAN_SCANNER_SURVEY_SURVEY_H_
