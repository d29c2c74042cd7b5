// Words for a terminal that hold others' octets: paths, and what the command line was given.
//
// Purpose: a file's name may hold anything, also what a terminal takes for a command. ForTerminal leaves text as people
// write it, in any language, and replaces what is none: control octets but LF, the control characters of Unicode, and
// octets that are no UTF-8, each octet by \DDD. Thread safety: a pure function. Errors: none.
#ifndef MXSCAN_SCANNER_CLI_TERMINAL_H_
#define MXSCAN_SCANNER_CLI_TERMINAL_H_

#include <string>
#include <string_view>

namespace mxscan {

std::string ForTerminal(std::string_view text);

}  // namespace mxscan

#endif  // MXSCAN_SCANNER_CLI_TERMINAL_H_
