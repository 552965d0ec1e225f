using System.Diagnostics;

namespace Ixy.Simulation.Recording;

/// <summary>A place in the driver.</summary>
/// <param name="Id">Its number in the recorder.</param>
/// <param name="Method">Class and method.</param>
/// <param name="File">The source file, relative to the repository if that is known; may be null.</param>
/// <param name="Line">From 1; 0 if unknown.</param>
/// <param name="Text">The source line itself, if the file can be read here.</param>
/// <param name="Callers">The callers, nearest first; not all of them.</param>
internal sealed record CallSite(
    int Id, string Method, string? File, int Line, string? Text, IReadOnlyList<string> Callers)
{
    /// <summary>For people: <c>IxgbeDevice.SetUp.cs:57</c>, or the method.</summary>
    public override string ToString() => File is null ? Method : $"{Path.GetFileName(File)}:{Line}";
}

/// <summary>
/// Finds where in the driver an access comes from. Source lines are in the portable PDBs next to the assemblies; a
/// native program has none, so only the method is known. Each place is looked up once.
/// </summary>
internal sealed class CallSites
{
    private const int MostCallers = 4;

    // The layers between the driver and the model.
    private static readonly string[] s_between = ["Ixy.Vfio", "Ixy.Hosting", "Ixy.Simulation", "Ixy.Labs.", "System."];

    // Methods that only pass an access on: their callers say more.
    private static readonly string[] s_accessors =
        ["Read", "Write", "Change", "Set", "Clear", "WaitFor", "TryWaitFor", "WaitUntil"];

    private readonly Dictionary<string, CallSite> _known = [];
    private readonly Dictionary<string, string[]?> _files = [];

    internal IReadOnlyCollection<CallSite> All => _known.Values;

    /// <summary>
    /// The place in the driver that the caller was called from; null if there is none on this thread.
    /// </summary>
    internal CallSite? Here()
    {
        var frames = new StackTrace(2, fNeedFileInfo: false).GetFrames();
        int first = FindDriver(frames);
        if (first < 0) return null;
        string key = Key(frames, first);
        if (_known.TryGetValue(key, out var site)) return site;
        site = Describe(new StackTrace(2, fNeedFileInfo: true).GetFrames(), first);
        _known.Add(key, site);
        return site;
    }

    private static int FindDriver(StackFrame[] frames)
    {
        int first = -1;
        for (int index = 0; index < frames.Length; index++)
        {
            if (DiagnosticMethodInfo.Create(frames[index]) is not { } method || IsBetween(method)) continue;
            if (!IsAccessor(Plain(method.Name))) return index;
            if (first < 0) first = index;
        }
        return first;
    }

    private static bool IsAccessor(string method) => s_accessors.Contains(method)
        || method.StartsWith("get_", StringComparison.Ordinal) || method.StartsWith("set_", StringComparison.Ordinal);

    // "Ixy" alone is the driver.
    private static bool IsBetween(DiagnosticMethodInfo method)
    {
        string assembly = method.DeclaringAssemblyName.Split(',')[0];
        return Array.Exists(s_between, name => assembly == name.TrimEnd('.')
            || name.EndsWith('.') && assembly.StartsWith(name, StringComparison.Ordinal));
    }

    // The same line called from elsewhere is a different place: for example a helper that waits for a bit.
    private static string Key(StackFrame[] frames, int first) => string.Join(
        '|', frames.Skip(first).Take(3).Select(frame =>
            $"{DiagnosticMethodInfo.Create(frame)?.DeclaringTypeName}.{DiagnosticMethodInfo.Create(frame)?.Name}"
            + $"@{frame.GetILOffset()},{frame.GetNativeOffset()}"));

    private CallSite Describe(StackFrame[] frames, int first)
    {
        string? file = frames[first].GetFileName();
        int line = frames[first].GetFileLineNumber();
        var callers = frames.Skip(first + 1)
            .Where(frame => DiagnosticMethodInfo.Create(frame) is { } method && !IsBetween(method))
            .Take(MostCallers).Select(Place);
        return new(
            _known.Count, MethodOf(frames[first]), Shorten(file), line, LineOf(file, line), [.. callers]);
    }

    private static string Place(StackFrame frame) => frame.GetFileName() is { } file
        ? $"{MethodOf(frame)} ({Path.GetFileName(file)}:{frame.GetFileLineNumber()})" : MethodOf(frame);

    private static string MethodOf(StackFrame frame)
    {
        if (DiagnosticMethodInfo.Create(frame) is not { } method) return "";
        string type = (method.DeclaringTypeName ?? "").Split('+')[0];
        type = type[(type.LastIndexOf('.') + 1)..].Split('[', '`')[0];
        return $"{type}.{Plain(method.Name)}";
    }

    // Removes what the compiler adds: <SetUp>b__0 is in SetUp.
    private static string Plain(string name) =>
        name.StartsWith('<') && name.IndexOf('>') is > 1 and var end ? name[1..end] : name;

    private static string? Shorten(string? file)
    {
        if (file is null) return null;
        foreach (string folder in (string[])["/src/", "/samples/", "/labs/", "/test/", "/bench/"])
        {
            if (file.LastIndexOf(folder, StringComparison.Ordinal) is >= 0 and var at) return file[(at + 1)..];
        }
        return Path.GetFileName(file);
    }

    // A deterministic build names files relative to the root of its clone, as /_/src/…. The program may be in that
    // clone.
    private static string? Find(string file)
    {
        if (File.Exists(file)) return file;
        if (!file.StartsWith("/_/", StringComparison.Ordinal)) return null;
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            string path = Path.Combine(folder.FullName, file[3..]);
            if (File.Exists(path)) return path;
        }
        return null;
    }

    private string? LineOf(string? file, int line)
    {
        if (file is null) return null;
        if (!_files.TryGetValue(file, out string[]? lines))
        {
            try
            {
                lines = Find(file) is { } path ? File.ReadAllLines(path) : null;
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                // The number is enough.
            }
            _files.Add(file, lines);
        }
        return lines is not null && line > 0 && line <= lines.Length ? lines[line - 1].Trim() : null;
    }
}
