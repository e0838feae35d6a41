// A script whose top level throws: there is nothing to start.
throw new Error("a script that throws");
