const kept: string[] = [];
for (let text = "x"; ; text += text) kept.push(text);
