// The same job in Go, without QuickJS and the C host.
package main

import (
	"encoding/json"
	"io"
	"os"
	"syscall"
)

func main() {
	stdin, err := io.ReadAll(os.Stdin)
	if err != nil {
		os.Exit(1)
	}
	var request struct {
		LogFile    string          `json:"logFile"`
		LockFile   string          `json:"lockFile"`
		PrevResult json.RawMessage `json:"prevResult"`
	}
	if json.Unmarshal(stdin, &request) != nil {
		os.Exit(1)
	}
	lock, err := os.OpenFile(request.LockFile, os.O_RDONLY|os.O_CREATE, 0600)
	if err == nil {
		syscall.Flock(int(lock.Fd()), syscall.LOCK_EX)
	}
	log, err := os.OpenFile(request.LogFile, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0600)
	if err == nil {
		log.WriteString("CNI_COMMAND=" + os.Getenv("CNI_COMMAND") + ",CNI_CONTAINERID=" + os.Getenv("CNI_CONTAINERID") +
			",output=" + string(request.PrevResult) + "\n")
	}
	lock.Close()
	os.Stdout.Write(request.PrevResult)
}
