# A build of Nebula newer than the packaged one: NEBULA_GIT names the folder of nebula and nebula-cert.
nebula_programs=${NEBULA_GIT:-/nonexistent}
source "$peers/nebula.sh"
