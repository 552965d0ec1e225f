using Ixy.Fuzz;
using SharpFuzz;

switch (args)
{
    case ["list"]:
        foreach (var each in FuzzTarget.All) Console.WriteLine($"{each.Name,-18} {each.Summary}");
        return 0;
    // Under afl-fuzz: runs inputs until afl-fuzz ends it.
    case ["run", string name] when FuzzTarget.Find(name) is { } target:
        Fuzzer.OutOfProcess.Run(stream =>
        {
            using var input = new MemoryStream();
            stream.CopyTo(input);
            target.Run(input.ToArray());
        });
        return 0;
    // The first find ends it, with the exception on standard error.
    case ["replay", string name, .. var files] when FuzzTarget.Find(name) is { } target && files.Length > 0:
        foreach (string file in files) Replay(target, file);
        return 0;
    default:
        Console.Error.WriteLine("usage: Ixy.Fuzz list | run TARGET | replay TARGET FILE…; see eng/fuzz");
        return 2;
}

static void Replay(FuzzTarget target, string file)
{
    try
    {
        target.Run(File.ReadAllBytes(file));
    }
    catch (Exception error)
    {
        throw new FuzzException($"{Path.GetFileName(file)}: {error.Message}", error);
    }
}
