throw new Error("a script that throws");
