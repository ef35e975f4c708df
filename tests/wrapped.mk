# What the linker's --wrap does: calls of these functions reach the test first (OWN in tests/support/notes.h)

$(BUILD)/tests/whole/rooms: private WRAPPED = transport_begin transport_send
$(BUILD)/tests/auth/decision: private WRAPPED = malloc
$(BUILD)/tests/whole/system_calls: private WRAPPED = open64 fstat64 read pread64 write fchmod fchown rename flock fsync

# In these each test must release what it took.
LEFTOVER_CALLS = malloc calloc realloc strdup free pthread_mutex_lock pthread_mutex_trylock pthread_mutex_unlock \
                 pthread_rwlock_rdlock pthread_rwlock_wrlock pthread_rwlock_unlock
$(LEFTOVER_TESTS:%=$(BUILD)/tests/%): private WRAPPED = $(LEFTOVER_CALLS)
$(LEFTOVER_TESTS:%=$(BUILD)/tests/%): $(BUILD)/obj/tests/support/leftovers.o
$(BUILD)/tests/apps/client/terminal_request: private WRAPPED = $(LEFTOVER_CALLS) nacre_channel_request ioctl
$(BUILD)/tests/apps/client/channel: private WRAPPED = $(LEFTOVER_CALLS) nacre_session_open_channel nacre_client_session nacre_client_close \
    $(addprefix nacre_channel_,app_data shell exec write eof eow) $(addprefix terminal_request_,send resize) raw_mode_enter client_say client_fail
$(BUILD)/tests/apps/client/loop: private WRAPPED = $(LEFTOVER_CALLS) $(addprefix nacre_clients_,fd timeout run_once) nacre_client_session nacre_client_close \
    nacre_session_rekey nacre_channel_resume client_fail channel_send_input channel_send_size input_read \
    $(addprefix caught_,begin end take_stop take_continue take_resize default poll) $(addprefix raw_mode_,enter leave is_on) \
    clock_gettime __clock_gettime64
$(BUILD)/tests/apps/client/host_key: private WRAPPED = $(LEFTOVER_CALLS) nacre_client_context nacre_client_address nacre_known_hosts_add \
    prompt_ask caught_end client_say
$(BUILD)/tests/apps/client/ask: private WRAPPED = $(LEFTOVER_CALLS) nacre_client_context nacre_client_session nacre_session_respond \
    prompt_ask caught_end client_say
$(BUILD)/tests/apps/client/passphrase: private WRAPPED = $(LEFTOVER_CALLS) caught_end prompt_ask $(addprefix askpass_,is_wanted ask)
$(BUILD)/tests/apps/client/say: private WRAPPED = $(LEFTOVER_CALLS) raw_mode_is_on nacre_client_close
$(BUILD)/tests/apps/client/study: private WRAPPED = $(LEFTOVER_CALLS) study_open study_start $(addprefix nacre_client_,address local_address) client_say
$(BUILD)/tests/apps/client/run: private WRAPPED = $(LEFTOVER_CALLS) $(addprefix nacre_clients_,new free) \
    $(addprefix nacre_client_,connect context session) loop_drive channel_begin ask_show client_study_begin study_ended study_close \
    caught_end caught_default client_say
$(BUILD)/tests/apps/client/probe: private WRAPPED = $(LEFTOVER_CALLS) client_study_begin study_close \
    $(addprefix probe_,learn learn_key report report_json) client_say
$(BUILD)/tests/apps/client/probe_connect: private WRAPPED = $(LEFTOVER_CALLS) $(addprefix nacre_clients_,new run stop free) \
    $(addprefix nacre_client_,connect context close address session) nacre_session_peer_version study_ended
$(BUILD)/tests/apps/echo/commands: private WRAPPED = $(LEFTOVER_CALLS) $(addprefix nacre_channel_,write exit_status exit_signal close)
$(BUILD)/tests/apps/echo/echo: private WRAPPED = $(LEFTOVER_CALLS) $(addprefix nacre_channel_,set_app_data app_data context write exit_status close) \
    nacre_peer_login nacre_file_login_grant
$(BUILD)/tests/apps/load/count: private WRAPPED = $(LEFTOVER_CALLS) clock_now_ns
$(BUILD)/tests/apps/load/stall: private WRAPPED = $(LEFTOVER_CALLS) clock_now_ns nacre_client_close
$(BUILD)/tests/apps/passwd/passwd: private WRAPPED = $(LEFTOVER_CALLS) isatty explicit_bzero __explicit_bzero_chk setrlimit64 prompt_ask prompt_read_line nacre_password_file_edit
$(BUILD)/tests/apps/load/run: private WRAPPED = $(LEFTOVER_CALLS) clock_now_ns getrlimit64 setrlimit64 $(addprefix load_,progress report end_stalled) \
    $(addprefix nacre_clients_,new free stop run_once) $(addprefix nacre_client_,connect context session address local_address) \
    $(addprefix nacre_session_,peer_version negotiated counters output) $(addprefix study_,open start ended close)
$(BUILD)/tests/apps/terminal/calls: private WRAPPED = $(LEFTOVER_CALLS) open64 close tcgetattr tcsetattr sigaction raise read write fork waitpid pipe2 atexit
$(BUILD)/tests/apps/daemon/notify_calls: private WRAPPED = $(LEFTOVER_CALLS) socket connect setsockopt __setsockopt64 send close clock_gettime __clock_gettime64 $(addprefix nacre_watch_,new free) \
    $(addprefix nacre_timer_,new set free)
$(BUILD)/tests/apps/daemon/host_keys_calls: private WRAPPED = $(LEFTOVER_CALLS) stat64 __stat64_time64 $(addprefix nacre_key_,read read_or_make type fingerprint free) confine_try log_end
$(BUILD)/tests/apps/confine/user_calls: private WRAPPED = $(LEFTOVER_CALLS) getpwnam getpwuid getuid geteuid getegid getgroups setgroups initgroups setegid seteuid \
    setresgid setresuid getresuid getresgid faccessat syscall
$(BUILD)/tests/apps/load/target_calls: private WRAPPED = $(LEFTOVER_CALLS) getaddrinfo getnameinfo freeaddrinfo
$(BUILD)/tests/apps/load/clock: private WRAPPED = $(LEFTOVER_CALLS) clock_gettime __clock_gettime64
$(BUILD)/tests/apps/load/report_calls: private WRAPPED = $(LEFTOVER_CALLS) isatty poll clock_now_ns
$(BUILD)/tests/apps/load/modes: private WRAPPED = $(LEFTOVER_CALLS) clock_now_ns $(addprefix nacre_client_,context session close) nacre_session_open_channel \
    $(addprefix nacre_channel_,context app_data exec write eof close)
$(BUILD)/tests/apps/daemon/program_calls: private WRAPPED = $(LEFTOVER_CALLS) program_start check_program orphans_adopt descriptors_raise reload confine log_confined \
    $(addprefix inherited_,take close) $(addprefix log_,open start put end stop is_standard_error) $(addprefix notify_,open say watch unwatch) supervise supervise_is_child \
    $(addprefix nacre_locked_memory_,start size) $(addprefix metrics_,start listen adopt server_new server_retire server_free) \
    $(addprefix study_,open start ended close) $(addprefix setup_,read clear) \
    $(addprefix signals_,start hold set_drain serve stop drain take_hangup take_report are_ending are_replaced) \
    $(addprefix nacre_server_,new loop run free counter limited) $(addprefix nacre_peer_,id address local_address session)
$(BUILD)/tests/apps/daemon/supervise: private WRAPPED = $(LEFTOVER_CALLS) fork execv poll read recv waitpid kill $(addprefix notify_,say through) log_end log_reopen \
    inherited_close nacre_server_listen_all metrics_listen
$(BUILD)/tests/apps/daemon/setup_calls: private WRAPPED = $(LEFTOVER_CALLS) open64 $(addprefix confine_,find_user reaches can_read try) $(addprefix host_keys_,add clear) \
    files_open_login files_read_banner $(addprefix nacre_file_login_,policy free) server_options_clear
$(BUILD)/tests/apps/daemon/orphans: private WRAPPED = $(LEFTOVER_CALLS) getpid fork sigwaitinfo waitpid kill _exit
$(BUILD)/tests/apps/daemon/metrics_counts: private WRAPPED = $(LEFTOVER_CALLS) clock_gettime __clock_gettime64 nacre_peer_data nacre_peer_set_data nacre_peer_session nacre_session_counters \
    nacre_server_counter nacre_server_limited log_dropped
$(BUILD)/tests/apps/daemon/metrics_readers: private WRAPPED = $(LEFTOVER_CALLS) accept4 recv send shutdown close poll clock_gettime __clock_gettime64 $(addprefix nacre_watch_,new set free) \
    $(addprefix nacre_timer_,new set free) nacre_server_loop nacre_server_socket_address metrics_print metrics_lag log_end
$(BUILD)/tests/apps/daemon/log_output_calls: private WRAPPED = $(LEFTOVER_CALLS) open64 socket close write sendto poll time __time64
$(BUILD)/tests/apps/daemon/signals_calls: private WRAPPED = $(LEFTOVER_CALLS) $(addprefix nacre_server_,drain stop report) notify_stopping
$(BUILD)/tests/apps/options/config_limits: private WRAPPED = $(LEFTOVER_CALLS) glob64
$(BUILD)/tests/apps/daemon/log_writer_calls: private WRAPPED = $(LEFTOVER_CALLS) $(addprefix pthread_,create join sigmask condattr_setclock cond_wait cond_timedwait cond_signal) \
    __pthread_cond_timedwait64 clock_gettime __clock_gettime64 log_output_write log_output_wait
$(BUILD)/tests/apps/daemon/reload: private WRAPPED = $(LEFTOVER_CALLS) nacre_server_reconfigure log_threshold log_reopen log_end notify_say signals_set_drain
$(BUILD)/tests/apps/observe/spool: private WRAPPED = $(LEFTOVER_CALLS) write
$(BUILD)/tests/apps/observe/keylog: private WRAPPED = $(LEFTOVER_CALLS) write
$(BUILD)/tests/apps/observe/capture: private WRAPPED = $(LEFTOVER_CALLS) clock_gettime __clock_gettime64 pthread_create
$(BUILD)/tests/apps/observe/study: private WRAPPED = $(LEFTOVER_CALLS) pthread_create write
$(BUILD)/tests/apps/observe/raw_line: private WRAPPED = $(LEFTOVER_CALLS) writev
$(BUILD)/tests/apps/observe/output: private WRAPPED = $(LEFTOVER_CALLS) write poll pthread_join
$(BUILD)/tests/apps/observe/trace: private WRAPPED = $(LEFTOVER_CALLS) output_put clock_gettime __clock_gettime64
$(BUILD)/tests/apps/serve/terminal: private WRAPPED = $(LEFTOVER_CALLS) grantpt tcgetattr
$(BUILD)/tests/apps/serve/end: private WRAPPED = $(LEFTOVER_CALLS) $(addprefix nacre_channel_,exit_signal exit_status close app_data) \
    nacre_stream_finish nacre_watch_new nacre_watch_free child_reap child_signal survivors_exist survivors_count quota_return \
    log_end session_free poll clock_gettime __clock_gettime64 timerfd_create timerfd_settime __timerfd_settime64
$(BUILD)/tests/apps/serve/environment: private WRAPPED = $(LEFTOVER_CALLS) nacre_peer_login $(addprefix nacre_login_,user fingerprint) \
    nacre_peer_address nacre_peer_local_address
$(BUILD)/tests/apps/serve/survivors: private WRAPPED = $(LEFTOVER_CALLS) opendir openat64
$(BUILD)/tests/apps/serve/spawn: private WRAPPED = $(LEFTOVER_CALLS) mmap64
$(BUILD)/tests/apps/serve/child: private WRAPPED = $(LEFTOVER_CALLS) waitid
$(BUILD)/tests/apps/serve/run: private WRAPPED = $(LEFTOVER_CALLS) server_program_start serve_configure program_serve quota_configure \
    descriptors_raise descriptors_limit capacity_processes
$(BUILD)/tests/apps/serve/place: private WRAPPED = $(LEFTOVER_CALLS) nacre_peer_host nacre_peer_session nacre_session_user quota_take log_limit
$(BUILD)/tests/apps/serve/agent: private WRAPPED = $(LEFTOVER_CALLS) forward_agent nacre_forward_close log_end mkdtemp
$(BUILD)/tests/apps/serve/forward: private WRAPPED = $(LEFTOVER_CALLS) $(addprefix nacre_peer_,id session login forwards) nacre_session_user \
    nacre_file_login_grant nacre_forward_listen place_take quota_return log_end
$(BUILD)/tests/apps/serve/command: private WRAPPED = $(LEFTOVER_CALLS) config_place
$(BUILD)/tests/apps/serve/serve: private WRAPPED = $(LEFTOVER_CALLS) $(addprefix nacre_channel_,app_data set_app_data context refuse_open) \
    nacre_peer_loop nacre_peer_login nacre_file_login_grant place_take quota_return $(addprefix terminal_,open resize break) child_signal \
    start_command start_shell_command agent_listen agent_close end_hang_up request_refused session_new session_free
$(BUILD)/tests/apps/serve/start: private WRAPPED = $(LEFTOVER_CALLS) nacre_channel_context nacre_peer_login nacre_file_login_grant session_loop \
    nacre_stream_join nacre_watch_new nacre_watch_free environment_set_connection environment_set_login descriptors_inherited \
    $(addprefix child_,start reap signal) log_begin_channel log_end access
$(BUILD)/tests/apps/daemon/events: private WRAPPED = $(LEFTOVER_CALLS) nacre_server_counter nacre_server_limited
$(BUILD)/tests/apps/daemon/events_of_peers: private WRAPPED = $(LEFTOVER_CALLS) nacre_peer_id nacre_peer_address nacre_peer_session \
    $(addprefix nacre_session_,user phase peer_version negotiated counters) $(addprefix nacre_channel_,id type context)
$(BUILD)/tests/apps/server/accept_calls: private WRAPPED = $(LEFTOVER_CALLS) accept4 epoll_ctl
$(BUILD)/tests/apps/connect/signing_steps: private WRAPPED = $(LEFTOVER_CALLS) agent_sign_begin agent_sign_end agent_exchange_step agent_exchange_clear \
    loop_watch loop_unwatch session_signed
$(BUILD)/tests/apps/server/file_login: private WRAPPED = $(LEFTOVER_CALLS) nacre_authorized_keys_check nacre_peer_offload
$(BUILD)/tests/apps/server/server: private WRAPPED = $(LEFTOVER_CALLS) listen
$(BUILD)/tests/apps/server/worker: private WRAPPED = $(LEFTOVER_CALLS) endpoint_set_version
$(BUILD)/tests/apps/connect/client: private WRAPPED = $(LEFTOVER_CALLS) endpoint_set_version
$(BUILD)/tests/apps/server/proxied_steps: private WRAPPED = $(LEFTOVER_CALLS) recv __recv_chk
$(BUILD)/tests/apps/connect/connect: private WRAPPED = $(LEFTOVER_CALLS) nacre_session_new loop_watch
$(BUILD)/tests/apps/runtime/offload: private WRAPPED = $(LEFTOVER_CALLS) pthread_create
$(BUILD)/tests/apps/runtime/pump: private WRAPPED = $(LEFTOVER_CALLS) loop_set_timer
$(BUILD)/tests/apps/runtime/stream: private WRAPPED = $(LEFTOVER_CALLS) nacre_channel_eow
$(BUILD)/tests/apps/files/password_file: private WRAPPED = $(LEFTOVER_CALLS) short_hash
$(BUILD)/tests/apps/files/new_file: private WRAPPED = $(LEFTOVER_CALLS) open64
$(BUILD)/tests/apps/files/known_hosts_more: private WRAPPED = $(LEFTOVER_CALLS) flock
$(BUILD)/tests/apps/forward/dial: private WRAPPED = $(LEFTOVER_CALLS) loop_watch
$(BUILD)/tests/apps/forward/parts: private WRAPPED = $(LEFTOVER_CALLS) nacre_forward_connect nacre_stream_join
$(BUILD)/tests/apps/forward/listener: private WRAPPED = $(LEFTOVER_CALLS) accept4 bind_place loop_watch loop_unwatch session_enter session_leave \
    nacre_session_open_channel nacre_channel_app_data nacre_channel_close nacre_stream_join pump_set_options
$(BUILD)/tests/whole/writes: private WRAPPED = $(LEFTOVER_CALLS) write
$(BUILD)/tests/apps/confine/kernel: private WRAPPED = $(LEFTOVER_CALLS) syscall prctl
