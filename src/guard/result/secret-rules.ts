/** One published format of a secret. */
export interface SecretRule {
  /** What stands in the place of one: `[removed: github-token]`. */
  readonly id: string;
  /**
   * What one begins with, in lower case, where no ASCII letter or digit stands before it: the fast look at a text knows
   * nothing else of the rule.
   */
  readonly starts: readonly string[];
  /** Finds them all. Where it has a group, that is the secret and the rest only says what it is. */
  readonly pattern: RegExp;
  /** Whether what was found is random enough to be one; a format that says so by itself has none. */
  readonly isSecret?: (found: string) => boolean;
}

/** Nothing that belongs to a word or to another token stands before one. */
const ALONE = '(?<![A-Za-z0-9])';

function rule(id: string, starts: string, { source, flags }: RegExp): SecretRule {
  return { id, starts: starts.split(' '), pattern: new RegExp(ALONE + source, `g${flags}`) };
}

/**
 * Published formats of keys and tokens, each with the page of its issuer. Formats without a sign of their own (forty
 * letters of base64) are known only by the name that stands before them. Every repetition has a bound, and no pattern
 * can begin again inside what it has just passed over, so time grows with the text alone.
 */
export const SECRET_RULES: readonly SecretRule[] = [
  // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
  rule('aws-access-key', 'akia asia', /(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Za-z0-9])/),
  // https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-files.html
  rule(
    'aws-secret-key',
    'aws_secret secretaccesskey',
    /(?:aws_secret_access_key|aws_secret_key|SecretAccessKey)[\\"']{0,4}\s{0,4}[:=]\s{0,4}[\\"']{0,4}([A-Za-z0-9/+]{40})(?![A-Za-z0-9/+])/i,
  ),
  // https://docs.github.com/en/authentication/keeping-your-account-and-data-secure/about-authentication-to-github
  rule(
    'github-token',
    'ghp_ gho_ ghu_ ghs_ ghr_ github_pat_',
    /(?:gh[pousr]_[A-Za-z0-9]{20,255}|github_pat_[A-Za-z0-9_]{22,255})/,
  ),
  // https://docs.gitlab.com/security/tokens/
  rule(
    'gitlab-token',
    'glpat- gloas- gldt- glrt- glcbt- glptt- glft- glimt- glagent- glsoat- glffct- glrtr-',
    /gl(?:pat|oas|dt|rt|rtr|cbt|ptt|ft|imt|agent|soat|ffct)-[A-Za-z0-9_.-]{18,300}/,
  ),
  // https://docs.slack.dev/authentication/tokens
  rule(
    'slack-token',
    'xox xapp-',
    /(?:xox[a-z](?:\.xox[a-z])?-[A-Za-z0-9-]{10,250}|xapp-[A-Za-z0-9-]{10,250})/,
  ),
  // https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
  rule(
    'slack-webhook',
    'hooks.slack.com/',
    /hooks\.slack\.com\/(?:services|workflows)\/[A-Za-z0-9/_-]{20,250}/,
  ),
  // https://docs.stripe.com/keys
  rule('stripe-key', 'sk_live_ sk_test_ rk_live_ rk_test_', /[sr]k_(?:live|test)_[A-Za-z0-9]{10,250}/),
  // https://docs.stripe.com/webhooks
  rule('webhook-secret', 'whsec_', /whsec_[A-Za-z0-9+/=]{24,250}/),
  // https://cloud.google.com/docs/authentication/api-keys
  rule('google-api-key', 'aiza', /AIza[A-Za-z0-9_-]{35}/),
  // https://developers.google.com/identity/protocols/oauth2
  rule('google-oauth', 'ya29. gocspx-', /(?:ya29\.[A-Za-z0-9_.-]{20,2048}|GOCSPX-[A-Za-z0-9_-]{20,64})/),
  // https://docs.anthropic.com/en/api/admin-api
  rule('anthropic-key', 'sk-ant-', /sk-ant-[A-Za-z0-9_-]{20,250}/),
  // https://platform.openai.com/docs/api-reference/authentication
  { ...rule('openai-key', 'sk-', /sk-[A-Za-z0-9_-]{20,250}/), isSecret: isMixed },
  // https://docs.npmjs.com/about-access-tokens
  rule('npm-token', 'npm_', /npm_[A-Za-z0-9]{36,64}/),
  // https://pypi.org/help/#apitoken
  rule('pypi-token', 'pypi-', /pypi-[A-Za-z0-9_-]{50,1024}/),
  // https://huggingface.co/docs/hub/security-tokens
  rule('huggingface-token', 'hf_', /hf_[A-Za-z0-9]{30,64}/),
  // https://www.twilio.com/docs/sendgrid/ui/account-and-settings/api-keys
  rule('sendgrid-key', 'sg.', /SG\.[A-Za-z0-9_-]{16,64}\.[A-Za-z0-9_-]{16,96}/),
  // https://www.twilio.com/docs/iam/api-keys
  rule('twilio-key', 'sk', /SK[0-9a-f]{32}(?![A-Za-z0-9])/),
  // https://docs.digitalocean.com/reference/api/create-personal-access-token/
  rule('digitalocean-token', 'doo_v1_ dop_v1_ dor_v1_ dot_v1_', /do[oprt]_v1_[a-f0-9]{64}/),
  // https://docs.docker.com/security/access-tokens/
  rule('docker-token', 'dckr_pat_ dckr_oat_', /dckr_[po]at_[A-Za-z0-9_-]{20,64}/),
  // https://developer.hashicorp.com/vault/docs/concepts/tokens
  rule('vault-token', 'hvs. hvb. hvr.', /hv[sbr]\.[A-Za-z0-9_-]{20,512}/),
  // https://shopify.dev/docs/apps/build/authentication-authorization
  rule('shopify-token', 'shpat_ shpss_ shpca_ shppa_', /shp(?:at|ss|ca|pa)_[a-fA-F0-9]{32,64}/),
  // https://learn.microsoft.com/azure/storage/common/storage-configure-connection-string
  rule(
    'azure-key',
    'accountkey sharedaccesskey',
    /(?:AccountKey|SharedAccessKey)=([A-Za-z0-9+/]{40,88}={0,2})/i,
  ),
  // https://docs.databricks.com/dev-tools/auth/pat
  rule('databricks-token', 'dapi', /dapi[a-f0-9]{32}(?:-\d)?/),
  // https://linear.app/developers/graphql, https://developers.notion.com/reference/authentication
  rule('linear-key', 'lin_api_', /lin_(?:api|oauth)_[A-Za-z0-9]{32,64}/),
  rule('notion-token', 'ntn_', /ntn_[A-Za-z0-9]{40,64}/),
  // https://grafana.com/docs/grafana/latest/administration/service-accounts/
  rule(
    'grafana-token',
    'glsa_ glc_',
    /(?:glsa_[A-Za-z0-9]{32}_[A-Fa-f0-9]{8}|glc_[A-Za-z0-9+/]{32,400}={0,2})/,
  ),
  // The keys of this gateway: docs/keys.md
  rule('gateward-key', 'gwk_', /gwk_[A-Za-z0-9_-]{20,128}/),
  // RFC 7519, RFC 7515 §3.1, RFC 7516 §3.1
  rule('jwt', 'eyj', /(?<![_-])eyJ[A-Za-z0-9_-]{8,8192}(?:\.[A-Za-z0-9_-]{0,16384}){2,4}/),
  // RFC 9110 §11.6.2, RFC 7617, RFC 6750 §2.1
  {
    ...rule(
      'authorization-header',
      'authorization',
      /authorization[\\"']{0,4}\s{0,4}[:=]\s{0,4}[\\"']{0,4}(?:(?:basic|bearer|digest|token|negotiate|apikey)\s{1,4})?([A-Za-z0-9._~+/=:-]{12,8192})/i,
    ),
    isSecret: isMixed,
  },
  { ...rule('bearer-token', 'bearer', /bearer\s{1,4}([A-Za-z0-9._~+/=-]{16,8192})/i), isSecret: isMixed },
  { ...rule('basic-credentials', 'basic', /basic\s{1,4}([A-Za-z0-9+/]{16,1024}={0,2})/i), isSecret: isMixed },
  // No issuer: what is called a password is one.
  {
    ...rule(
      'password',
      'password passwd pwd passphrase client_secret client-secret clientsecret api_key api-key apikey secret_key secret-key secretkey access_key access-key accesskey private_key private-key',
      /(?:password|passwd|pwd|passphrase|client[_-]?secret|api[_-]?key|secret[_-]?key|access[_-]?key|private[_-]?key)[\\"']{0,4}\s{0,4}[:=]\s{0,4}[\\"']{0,4}([^\s"'`\\,;&<>(){}[\]]{6,512})/i,
    ),
    isSecret: isPassword,
  },
];

/** What only the word before it tells, for it has no form of its own. */
export const FORMLESS: ReadonlySet<string> = new Set([
  'password',
  'authorization-header',
  'bearer-token',
  'basic-credentials',
]);

/** Sits between `://` and `@` (RFC 3986 §3.2.1). It has no start of its own: the fast look goes by the `@`. */
export const URL_PASSWORD = /:\/\/[^\s/:@"'<>]{0,256}:([^\s/@"'<>]{1,512})@/g;

/** Of letters and digits both, as no word is. */
export function isMixed(found: string): boolean {
  return /[0-9]/.test(found) && /[A-Za-z]/.test(found);
}

/** Not a placeholder, a path or an expression. */
function isPassword(found: string): boolean {
  return isMixed(found) && !/^(?:\$|%|\*|x{4}|your|example|process\.env|\/|\.)/i.test(found);
}
