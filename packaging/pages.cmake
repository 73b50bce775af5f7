# SPDX-License-Identifier: Apache-2.0
# Writes below TO what `keyward help` prints as manual pages and completion: man1/, man5/, completion, stamp.
function(print name)
  execute_process(COMMAND ${KEYWARD} help -o ${ARGN} OUTPUT_FILE ${TO}/${name} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

file(MAKE_DIRECTORY ${TO}/man1 ${TO}/man5)
print(man1/keyward.1 man)
print(man5/keyward.yaml.5 man keyward.yaml)
print(completion bash)
file(STRINGS ${TO}/man1/keyward.1 commands REGEX "^\\.It Xr keyward-")
foreach(line ${commands})
  string(REGEX REPLACE "^\\.It Xr keyward-([a-z]+) 1$" "\\1" command ${line})
  print(man1/keyward-${command}.1 man ${command})
endforeach()
file(TOUCH ${TO}/stamp)
