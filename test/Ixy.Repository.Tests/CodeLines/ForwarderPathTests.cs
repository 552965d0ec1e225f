using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using Ixy.Repository.Tests.Samples;

namespace Ixy.Repository.Tests.CodeLines;

/// <summary>
/// The promise of a thousand lines: what runs between Main and exit of the forwarder sample, on ixgbe cards through
/// sysfs, is what <c>eng/code-lines</c> counts.
/// </summary>
public sealed partial class ForwarderPathTests : IDisposable
{
    private const string Left = "0000:03:00.0", Right = "0000:04:00.0";
    // No more at once than fit into a transmit ring: the sample drops the rest.
    private const int Frames = 4000, Burst = 64;

    private static readonly string[] s_assemblies = ["forwarder", "Ixy.Vfio", "Ixy", "Ixy.Simulation"];

    private readonly FakeSysfs _sysfs = new();
    private readonly string _compiled = Path.GetTempFileName();

    [SkippableFact]
    [Trait("needs", "root")]
    public void EveryFileOfThePathIsCounted()
    {
        using var pages = AllHugePages.Require(32);
        RunForwarder();
        var found = FindFiles(File.ReadLines(_compiled));
        // Without these, the test would be blind: the runtime writes another format, or the sources are elsewhere.
        Assert.Superset(
            new HashSet<string> { "samples/forwarder.cs", "src/Ixy/Packet.cs", "src/Ixy/ReceiveQueue.cs",
            "src/Ixy.Vfio/SysfsPciDevice.cs" }, found);
        var missing = found.Except(CodeLinesOutput.ReadFiles()).Order().ToList();
        Assert.True(missing.Count == 0, $"on the path, but not in eng/code-lines: {string.Join(' ', missing)}");
    }

    public void Dispose()
    {
        _sysfs.Dispose();
        File.Delete(_compiled);
    }

    private void RunForwarder()
    {
        using PaperCard left = new(_sysfs.Add(Left)), right = new(_sysfs.Add(Right));
        _sysfs.AddCapabilities(Left);
        _sysfs.AddCapabilities(Right);
        // Methods compiled ahead of time would be missing from the list; ours never are, and the framework's do not
        // matter.
        using var forwarder = _sysfs.Start(
            "env", $"DOTNET_JitStdOutFile={_compiled}", "DOTNET_JitDisasmSummary=1", "DOTNET_TieredCompilation=1",
            "dotnet", "exec", Path.Combine(SamplePrograms.Build("forwarder"), "forwarder.dll"), Left, Right);
        Until(() => left.IsStarted && right.IsStarted, () => $"the driver does not start: {forwarder.Error}");
        using PaperTraffic leftTraffic = new(left, forwarder.Id), rightTraffic = new(right, forwarder.Id);
        Until(() =>
        {
            leftTraffic.Move(Next(leftTraffic, rightTraffic));
            rightTraffic.Move(Next(rightTraffic, leftTraffic));
            return leftTraffic.Sent + rightTraffic.Sent == Frames;
        }, () => $"{leftTraffic.Received} and {rightTraffic.Received} frames received, {leftTraffic.Sent} and "
            + $"{rightTraffic.Sent} sent: {forwarder.Error}");
        forwarder.Signal(PosixSignal.SIGINT);
        Assert.Equal(0, forwarder.WaitForExit());
        Assert.Equal("", forwarder.Error);
    }

    // The next burst starts when the previous one has been sent.
    private static int Next(PaperTraffic from, PaperTraffic to) =>
        from.Received == to.Sent ? Math.Min(Burst, Frames / 2 - from.Received) : 0;

    private static void Until(Func<bool> condition, Func<string> found)
    {
        long start = Environment.TickCount64;
        while (!condition())
        {
            if (Environment.TickCount64 - start > 20_000) Assert.Fail(found());
            Thread.Sleep(1);
        }
    }

    private static HashSet<string> FindFiles(IEnumerable<string> compiled)
    {
        string[] lines = [.. compiled];
        var assemblies = s_assemblies.Select(
            name => new CompiledMethods(Path.Combine(SamplePrograms.Build("forwarder"), $"{name}.dll"))).ToList();
        var files = assemblies.SelectMany(assembly => assembly.FindFiles(lines)).Select(Relative).OfType<string>()
            .ToHashSet();
        AddImports(files, lines);
        AddDeclarations(files, [.. assemblies.SelectMany(assembly => assembly.Declarations)]);
        return files;
    }

    // Calls into the C library are compiled from generated code; the file on the path is the one that declares them.
    private static void AddImports(HashSet<string> files, string[] lines)
    {
        var sources = Directory.GetFiles(Path.Combine(Checkout.Root, "src/Ixy.Vfio/Interop"), "*.cs");
        foreach (string line in lines.Where(line => line.Contains("Ixy.Vfio.Interop.Libc:", StringComparison.Ordinal)))
        {
            string name = line.Split("Ixy.Vfio.Interop.Libc:")[1].Split('(')[0];
            foreach (string source in sources)
            {
                if (Regex.IsMatch(File.ReadAllText(source), $@" partial [\w*]+ {Regex.Escape(name)}\("))
                    files.Add(Relative(source)!);
            }
        }
    }

    // Interfaces, enums, constants and exceptions have no code that runs, but code that names them needs them to
    // compile.
    private static void AddDeclarations(HashSet<string> files, List<CompiledMethods.SourceType> declarations)
    {
        for (var next = files.ToList(); next.Count > 0;)
        {
            var code = next.Select(
                file => Comment().Replace(File.ReadAllText(Path.Combine(Checkout.Root, file)), ""))
                .Select(text => (Text: text, Code: Names().Replace(text, ""))).ToList();
            next = [.. declarations.Where(
                type => code.Any(
                    file => Sees(file.Text, type.Namespace) && Regex.IsMatch(file.Code, $@"\b{type.Name}\b")))
                .Select(type => Relative(type.File)).OfType<string>().Distinct().Where(files.Add)];
        }
    }

    private static bool Sees(string code, string space) =>
        Regex.IsMatch(code, $@"\b(namespace|using static|using) {Regex.Escape(space)}\b");

    // Generated files are not in the repository. A deterministic build, such as CI's, calls the repository's root
    // "/_/".
    private static string? Relative(string path)
    {
        const string Deterministic = "/_/";
        bool isDeterministic = path.StartsWith(Deterministic, StringComparison.Ordinal);
        string relative = isDeterministic ? path[Deterministic.Length..]
            : Path.GetRelativePath(Checkout.Root, path);
        return relative.StartsWith("..", StringComparison.Ordinal)
            || relative.Contains("/obj/", StringComparison.Ordinal) ? null : relative;
    }

    [GeneratedRegex("//.*")]
    private static partial Regex Comment();

    [GeneratedRegex("^(using|namespace) .*;", RegexOptions.Multiline)]
    private static partial Regex Names();
}
