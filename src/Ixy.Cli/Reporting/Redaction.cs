using System.Net;
using System.Text.RegularExpressions;

namespace Ixy.Cli.Reporting;

/// <summary>Removes from texts what could identify someone: addresses, and names of this host and its user.</summary>
internal sealed partial class Redaction
{
    private readonly Regex? _names;
    private readonly Dictionary<string, string> _replacements = new(StringComparer.OrdinalIgnoreCase);

    /// <param name="hosts">Names of this host.</param>
    /// <param name="users">Names of users.</param>
    internal Redaction(IEnumerable<string?> hosts, IEnumerable<string?> users)
    {
        foreach (string host in hosts.OfType<string>().Where(host => host is not ("" or "localhost")))
            _replacements[host] = "[host name]";
        foreach (string user in users.OfType<string>().Where(user => user is not ("" or "root")))
            _replacements[user] = "[user]";
        if (_replacements.Count > 0)
            _names = new($@"(?<![\w-])({string.Join('|', _replacements.Keys.Select(Regex.Escape))})(?![\w-])",
                RegexOptions.IgnoreCase);
    }

    /// <summary>The redaction for this process.</summary>
    internal static Redaction OfThisProcess()
    {
        string host = Environment.MachineName;
        return new(
            [host, host.Split('.')[0]],
            [Environment.UserName, Environment.GetEnvironmentVariable("SUDO_USER"),
                Path.GetFileName(Environment.GetEnvironmentVariable("HOME"))]);
    }

    /// <summary>The text without them.</summary>
    internal string Of(string text)
    {
        text = HomeFolder().Replace(text, "/home/[user]");
        text = HardwareAddress().Replace(text, "[MAC address]");
        text = Uuid().Replace(text, "[UUID]");
        text = NetworkAddress().Replace(
            text, found => IPAddress.TryParse(found.Value, out _) ? "[IP address]" : found.Value);
        return _names?.Replace(text, found => _replacements[found.Value]) ?? text;
    }

    /// <summary>As above; null stays null.</summary>
    internal string? OfOptional(string? text) => text is null ? null : Of(text);

    [GeneratedRegex(@"/home/[^/\s,'""]+")]
    private static partial Regex HomeFolder();

    // The last six numbers in a row, because the "c" of "mac:" looks like one as well. Also in the name of an interface
    // that is named after its address.
    [GeneratedRegex(
        @"(?<![0-9a-f])[0-9a-f]{2}([:-])[0-9a-f]{2}(\1[0-9a-f]{2}){4}(?![0-9a-f]|\1[0-9a-f]{2}(?![0-9a-f]))"
        + @"|(?<=\benx)[0-9a-f]{12}", RegexOptions.IgnoreCase)]
    private static partial Regex HardwareAddress();

    [GeneratedRegex(@"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", RegexOptions.IgnoreCase)]
    private static partial Regex Uuid();

    // Numbers of four parts, and anything with two colons; PCI addresses have two as well, but are not IP addresses.
    [GeneratedRegex(
        @"(?<![\w.])\d{1,3}(\.\d{1,3}){3}(?!\w|\.\d)|(?<![\w:.])[0-9a-f]{0,4}:[0-9a-f:]*:[0-9a-f:.]*[0-9a-f:]",
        RegexOptions.IgnoreCase)]
    private static partial Regex NetworkAddress();
}
