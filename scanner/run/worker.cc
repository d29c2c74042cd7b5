#include "scanner/run/worker.h"

#include <algorithm>
#include <span>
#include <utility>

namespace mxscan {
namespace {

constexpr size_t kExpectedAtOnce = 16;  // datagrams
constexpr size_t kMailboxCapacity = 1024;
constexpr uint64_t kControlTag = UINT64_MAX;  // none of the survey's
constexpr int kMailPerTurn = 512;             // messages taken from one peer before packets are looked at again
constexpr TimeNs kDropsInterval = kSecond;
constexpr TimeNs kHeldNs = 100 * kMillisecond;  // a Poll so late was held up, not busy
constexpr int kHeldPolls = 4096;                // after it; each may bring as little as one datagram

}  // namespace

Crew::Crew(int workers) {
  for (int i = 0; i < workers; ++i) {
    boards_.push_back(std::make_unique<WorkerBoard>());
    targets_.push_back(std::make_unique<SpscQueue<std::unique_ptr<TargetBatch>>>(kTargetBatchesQueued));
  }
  for (int i = 0; i < workers * workers; ++i) {
    // A worker writes itself no messages.
    const bool own = i / workers == i % workers;
    mailboxes_.push_back(std::make_unique<SpscQueue<Message>>(own ? 1 : kMailboxCapacity));
  }
}

bool Crew::Finished() const {
  if (!exhausted()) return false;
  uint64_t closed = 0;
  for (const auto& board : boards_) closed += board->closed.load(std::memory_order_seq_cst);
  uint64_t opened = targets_opened_.load(std::memory_order_seq_cst);
  for (const auto& board : boards_) opened += board->opened.load(std::memory_order_seq_cst);
  return opened == closed;
}

Worker::Worker(int index, Crew* crew, Transport* transport, std::unique_ptr<Resolver> resolver,
               const SurveyOptions& survey_options, const Suffixes* suffixes, ObservationSink* sink,
               SeenSet* hosts_seen, SeenSet* addresses_seen, TimeNs start_ns, int64_t wall_offset_us)
    : index_(index),
      crew_(crew),
      transport_(transport),
      resolver_(std::move(resolver)),
      survey_(survey_options, resolver_.get(), suffixes, sink, hosts_seen, addresses_seen),
      wall_offset_us_(wall_offset_us),
      now_(start_ns) {}

void Worker::Restore(const OpenHost& host) {
  survey_.Restore(host);
  ShowBoard();  // so that nobody takes the run for finished before our first turn
}

void Worker::AskControl() {
  ++controls_asked_;
  resolver_->Ask(kRootName, RrType::kNs, kControlTag);
}

void Worker::Turn(TimeNs wake_by) {
  // 1. Take targets while there is room.
  TakeTargets();
  // 2, 3. Expire, retry, pace, send. What ends without an answer may raise new questions.
  TimeNs deadline = std::min(resolver_->Advance(now_), wake_by);
  TakeUnanswered();
  if (resolver_->HasUnsent()) deadline = std::min(deadline, resolver_->Advance(now_));
  // 7. Messages go before the wait, so that nobody waits for what lies here.
  ShowBoard();  // before the messages: who gets one may end what it began, and the beginning must be seen first
  SendMessages();
  if (resolver_->no_server_answers(now_)) crew_->board(index_).gave_up.store(true, std::memory_order_relaxed);
  // 4. Wait. Whoever pushes to us after our look at the queues sees that we sleep, and wakes us.
  WorkerBoard& board = crew_->board(index_);
  board.hungry.store(IsHungry(), std::memory_order_seq_cst);
  board.sleeping.store(true, std::memory_order_seq_cst);
  if (HasMail() || messages_waiting_) deadline = now_;
  if (resolver_->open() == 0 && crew_->Finished()) deadline = now_;  // nothing will come any more
  const TimeNs due = std::max(deadline, now_);
  now_ = transport_->Poll(deadline, &inbox_);
  board.sleeping.store(false, std::memory_order_relaxed);
  board.hungry.store(false, std::memory_order_relaxed);
  // 5, 6. Each packet to the engine; answers to the survey, which makes rows of them.
  TakeInbox();
  // The process was stopped, or the machine slept. What came meanwhile lies in the sockets, more than one Poll brings:
  // all of it is taken before anything counts as late.
  bool more = now_ - due > kHeldNs;
  for (int i = 0; i < kHeldPolls && more; ++i) {
    now_ = transport_->Poll(now_, &inbox_);  // the one before may have been cut short
    TakeInbox();
    more = !inbox_.datagrams.empty();
  }
  TakeMail();
  survey_.Flush();
}

void Worker::TakeInbox() {
  const int64_t wall_us = WallUs();
  for (std::span<const InDatagram> left = inbox_.datagrams; !left.empty();) {
    const std::span<const InDatagram> next = left.first(std::min(left.size(), kExpectedAtOnce));
    left = left.subspan(next.size());
    resolver_->Expect(next);
    for (const InDatagram& datagram : next) Gather(resolver_->OnDatagram(datagram, now_), wall_us);
  }
  for (const StreamEvent& event : inbox_.streams) Gather(resolver_->OnStream(event, now_), wall_us);
  HandOver(wall_us);
  for (const SocketError& error : inbox_.errors) resolver_->OnSocketError(error, now_);
}

void Worker::Gather(const Completion* completion, int64_t wall_us) {
  if (completion == nullptr || completion->tag == kControlTag) return;
  gathered_[gathered_size_++] = completion;
  if (gathered_size_ == gathered_.size()) HandOver(wall_us);
}

void Worker::HandOver(int64_t wall_us) {
  survey_.OnCompletions(std::span(gathered_).first(gathered_size_), wall_us);
  gathered_size_ = 0;
}

void Worker::TakeTargets() {
  while (survey_.HasRoom() && !crew_->draining()) {
    if (batch_ == nullptr || batch_position_ == batch_->size()) {
      batch_ = nullptr;
      batch_position_ = 0;
      if (!crew_->targets(index_).Pop(&batch_)) return;
    }
    survey_.Start(batch_->input_rank(batch_position_), batch_->input(batch_position_), batch_->domain(batch_position_));
    ++batch_position_;
  }
}

void Worker::TakeUnanswered() {
  const int64_t wall_us = WallUs();
  while (const Completion* completion = resolver_->NextUnanswered()) Gather(completion, wall_us);
  HandOver(wall_us);
  survey_.Flush();
}

void Worker::SendMessages() {
  messages_waiting_ = false;
  for (int to = 0; to < crew_->size(); ++to) {
    RingQueue<Message>& outbox = survey_.outboxes()[static_cast<size_t>(to)];
    if (outbox.empty()) continue;
    SpscQueue<Message>& mailbox = crew_->mailbox(index_, to);
    while (!outbox.empty() && mailbox.Push(std::move(outbox.front()))) outbox.PopFront();
    messages_waiting_ = messages_waiting_ || !outbox.empty();
    if (crew_->board(to).sleeping.load(std::memory_order_seq_cst)) peers_[static_cast<size_t>(to)]->Wake();
  }
}

// Wants targets and has none.
bool Worker::IsHungry() const {
  return (batch_ == nullptr || batch_position_ == batch_->size()) && survey_.HasRoom() && !crew_->draining();
}

bool Worker::HasMail() const {
  for (int from = 0; from < crew_->size(); ++from) {
    if (from != index_ && !crew_->mailbox(from, index_).Empty()) return true;
  }
  return IsHungry() && !crew_->targets(index_).Empty();
}

void Worker::TakeMail() {
  for (int from = 0; from < crew_->size(); ++from) {
    if (from == index_) continue;
    Message message;
    for (int i = 0; i < kMailPerTurn && crew_->mailbox(from, index_).Pop(&message); ++i) {
      survey_.OnMessage(std::move(message));
    }
  }
}

void Worker::ShowBoard() {
  WorkerBoard& board = crew_->board(index_);
  const EngineCounters& engine = resolver_->counters();
  const SurveyCounters& survey = survey_.counters();
  board.domains_done.store(survey.domains_done + survey.domains_withheld, std::memory_order_relaxed);
  board.sent.store(engine.sent, std::memory_order_relaxed);
  board.answered.store(engine.answered, std::memory_order_relaxed);
  board.timed_out.store(engine.timed_out, std::memory_order_relaxed);
  board.retries.store(engine.retries, std::memory_order_relaxed);
  board.inflight.store(resolver_->inflight(), std::memory_order_relaxed);
  board.open_questions.store(resolver_->open(), std::memory_order_relaxed);
  if (now_ >= drops_due_) {
    drops_due_ = now_ + kDropsInterval;
    board.receive_drops.store(transport_->counters().receive_drops, std::memory_order_relaxed);
  }
  // Opened before closed: a reader who sums closed first never sees an end without its beginning.
  board.opened.store(survey_.opened(), std::memory_order_seq_cst);
  board.closed.store(survey_.closed(), std::memory_order_seq_cst);
}

}  // namespace mxscan
