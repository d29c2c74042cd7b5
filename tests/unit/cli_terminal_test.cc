// What is shown of octets that others chose.
#include "scanner/cli/terminal.h"

#include <gtest/gtest.h>

#include <string>

namespace mxscan {
namespace {

TEST(CliTerminal, TextStaysAsItIs) {
  for (const std::string& text : {std::string(), std::string("a list.txt: no such file\n~ !\"$%&\\"),
                                  std::string("b\xc3\xbc"
                                              "cher \xe6\x97\xa5\xe6\x9c\xac \xf0\x9f\x93\x84 \xc2\xa0")}) {
    EXPECT_EQ(ForTerminal(text), text);
  }
}

TEST(CliTerminal, CommandsToTheTerminalAreShownAsNumbers) {
  EXPECT_EQ(ForTerminal("a\x1b[31mb"), "a\\027[31mb");
  EXPECT_EQ(ForTerminal(std::string("\0\a\b\t\v\f\r\x7f", 8)), "\\000\\007\\008\\009\\011\\012\\013\\127");
  EXPECT_EQ(ForTerminal("\xc2\x9b"
                        "31m"),
            "\\194\\15531m")
      << "the control sequence introducer of Unicode";
  EXPECT_EQ(ForTerminal("\xe2\x80\xae"
                        "txt.exe"),
            "\\226\\128\\174txt.exe")
      << "turns the line around";
  EXPECT_EQ(ForTerminal("\xe2\x81\xa6"
                        "x"),
            "\\226\\129\\166x");
}

TEST(CliTerminal, OctetsThatAreNoTextAreShownAsNumbers) {
  EXPECT_EQ(ForTerminal("\xff\xfe"), "\\255\\254");
  EXPECT_EQ(ForTerminal("\xc3(\xc3"), "\\195(\\195");
  EXPECT_EQ(ForTerminal("\xed\xa0\x80"), "\\237\\160\\128");
  EXPECT_EQ(ForTerminal("\xf4\x90\x80\x80"), "\\244\\144\\128\\128");
}

}  // namespace
}  // namespace mxscan
