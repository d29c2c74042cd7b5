// The alias names on the way to an answer, after the name asked, in order.
//
// Purpose: most lookups meet no alias, and millions of hosts are kept, so an empty chain is one null pointer. Otherwise
// it behaves as the vector of wire-form names that it holds. Ownership: a value; copies are deep. Thread safety: as a
// vector's. Errors: none.
#ifndef MXSCAN_SCANNER_VERDICT_ALIAS_CHAIN_H_
#define MXSCAN_SCANNER_VERDICT_ALIAS_CHAIN_H_

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mxscan {

class AliasChain {
 public:
  AliasChain() = default;
  AliasChain(std::vector<std::string> names) {  // NOLINT(google-explicit-constructor): stands for one
    if (!names.empty()) names_ = std::make_unique<std::vector<std::string>>(std::move(names));
  }
  AliasChain(std::initializer_list<std::string> names) : AliasChain(std::vector<std::string>(names)) {}
  AliasChain(const AliasChain& other) : AliasChain(other.names()) {}
  AliasChain(AliasChain&&) = default;
  AliasChain& operator=(const AliasChain& other) {
    if (this != &other) *this = AliasChain(other);
    return *this;
  }
  AliasChain& operator=(AliasChain&&) = default;
  ~AliasChain() = default;

  bool empty() const { return names_ == nullptr; }
  size_t size() const { return names().size(); }
  auto begin() const { return names().begin(); }
  auto end() const { return names().end(); }
  const std::string& operator[](size_t i) const { return names()[i]; }
  const std::string& back() const { return names().back(); }
  const std::vector<std::string>& names() const {
    static const std::vector<std::string> kNone;
    return names_ == nullptr ? kNone : *names_;
  }

  void clear() { names_ = nullptr; }
  void push_back(std::string_view name) {
    if (names_ == nullptr) names_ = std::make_unique<std::vector<std::string>>();
    names_->emplace_back(name);
  }

 private:
  std::unique_ptr<std::vector<std::string>> names_;  // null or not empty
};

}  // namespace mxscan

#endif  // MXSCAN_SCANNER_VERDICT_ALIAS_CHAIN_H_
